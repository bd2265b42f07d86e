"""The words of other frameworks, and what they are here: of PyTorch, Keras, TensorFlow, Flax, Caffe and YOLO.

Most modules are tables. They say which op of ours a word of theirs stands for, in which order its settings come there
and what they are called here, and what there is not and why. `archspec.foreign.meaning` looks words up in them, and
`archspec.translation` writes their layers in our words. All are imported only where something is wrong.
"""
