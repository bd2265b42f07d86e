"""The layers of other frameworks for sequences, and the blocks that are made of layers."""

from __future__ import annotations

from typing import Final

from archspec.foreign.word import Word

_RECURRENT: Final = "input_size hidden_size num_layers bias batch_first dropout bidirectional"

SEQUENCES: Final[tuple[tuple[str, Word], ...]] = (
    ("LSTM", Word.of("lstm", f"{_RECURRENT} proj_size")),
    ("GRU", Word.of("gru", _RECURRENT)),
    (
        "RNN Elman",
        Word.of("rnn", "input_size hidden_size num_layers nonlinearity bias batch_first dropout bidirectional"),
    ),
    ("CuDNNLSTM KerasLSTM", Word.of("lstm", "units")),
    ("CuDNNGRU", Word.of("gru", "units")),
    ("SimpleRNN", Word.of("rnn", "units activation use_bias")),
    ("LSTMCell", Word.of("lstm_cell", "input_size hidden_size bias")),
    ("GRUCell", Word.of("gru_cell", "input_size hidden_size bias")),
    ("RNNCell SimpleRNNCell", Word.of("rnn_cell", "input_size hidden_size bias nonlinearity")),
    (
        "StackedRNNCells",
        Word.of(cure="`lstm(64, layers=2)` has two layers; own cells run one behind the other with `scan`"),
    ),
    ("RNNBase RNNCellBase", Word.of("rnn lstm gru")),
    (
        "ConvLSTM#D ConvLSTMCell",
        Word.of(cure="there is no such op; a `cell` of your own with convolutions is run over time by `scan`"),
    ),
    ("Bidirectional BiLSTM BiGRU", Word.of(cure="a setting says it: `lstm(64, direction=both)`")),
    ("TimeDistributed", Word.of(cure="leave it out: `linear` works on the last axis, whatever stands before it")),
    ("Masking", Word.of(cure="there is no such op; an input of flags can be given to `attention` and `masked_fill`")),
    (
        "MultiheadAttention",
        Word.of("attention", "embed_dim num_heads dropout bias add_bias_kv add_zero_attn kdim vdim batch_first"),
    ),
    (
        "MultiHeadAttention MultiHeadDotProductAttention",
        Word.of("attention", "num_heads key_dim value_dim dropout use_bias"),
    ),
    (
        "SelfAttention MHA MHSA scaled_dot_product_attention GroupQueryAttention GroupedQueryAttention",
        Word.of("attention"),
    ),
    ("Attention", Word.of("attention soft_attention")),
    ("AdditiveAttention BahdanauAttention", Word.of("soft_attention", "", adds={"score": "additive"})),
    ("LuongAttention", Word.of("soft_attention")),
    ("Embedding", Word.of("embedding", "num_embeddings embedding_dim padding_idx")),
    ("Embed LookupTable", Word.of("embedding")),
    ("EmbeddingBag", Word.of("embedding_bag", "num_embeddings embedding_dim")),
    ("PositionalEncoding PositionalEmbedding PositionEmbedding", Word.of("sinusoidal_positions learned_positions")),
    ("RotaryEmbedding RoPE apply_rotary_pos_emb", Word.of("rotary_positions")),
    (
        "TransformerEncoderLayer TransformerEncoder TransformerBlock",
        Word.of(cure="the library has it: `use std.transformer`, and `EncoderLayer(heads=8, inner=2048)`"),
    ),
    (
        "TransformerDecoderLayer TransformerDecoder",
        Word.of(
            cure="the library has it: `use std.transformer`, and `(x, memory) -> DecoderLayer(heads=8, inner=2048)`"
        ),
    ),
    (
        "Transformer",
        Word.of(cure="the library has its parts: `use std.transformer` gives `EncoderLayer` and `DecoderLayer`"),
    ),
    (
        "SELayer SqueezeExcite SqueezeExcitation SEBlock SEModule",
        Word.of(cure="the library has it: `use std.se`, and `SE(16)`"),
    ),
    (
        "ConvBNReLU ConvBnAct Conv2dNormActivation ConvBN CBS",
        Word.of(cure="the library has it: `use std.conv`, and `ConvNormAct(64)`"),
    ),
)
"""What each is here; `#` in a name stands for 1, 2 and 3."""
