"""Names that PyTorch, or the source itself, has a use for, so that nothing of a spec can have them."""

from __future__ import annotations

from typing import Final

_OF_MODULES: Final = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type xpu zero_grad
"""

RESERVED: Final = frozenset(_OF_MODULES.split())
"""What every `nn.Module` has. A layer of such a name would hide it, or be hidden by it."""

RESERVED_IN_GROUP: Final = RESERVED | {"append", "extend", "insert", "pop"}
"""What every `nn.Sequential` has, which a group becomes."""

RESERVED_IN_CELL: Final = RESERVED | {"reverse", "step"}
"""What every class of a cell has."""

RESERVED_BY_SOURCE: Final = frozenset({"checkpointing", "init_weights", "reset_parameters"})
"""What the classes that are written have beside that."""

RESERVED_IN_RESULTS: Final = frozenset({"count", "index"})
"""What every tuple has, as which several outputs are given. One of such a name would hide it."""

TAKEN_BY_METHOD: Final = frozenset({"F", "Tensor", "_", "self", "torch"})
"""What `forward` itself uses beside its inputs."""
