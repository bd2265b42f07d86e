"""The blocks that are shipped, in the language itself; a spec has them by `use std.NAME`."""
