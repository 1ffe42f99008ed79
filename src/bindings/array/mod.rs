//! The one door for arrays.
//!
//! [`Input`] takes whatever `np.asarray` takes, and arrays by Arrow and DLPack, and gives their elements, at any
//! stride, without a copy where the memory can be read as it is. [`Output`] is a new array from NumPy's allocator,
//! or the caller's `out`. All that is `unsafe` about arrays is in this folder.
//!
//! | file | what it holds |
//! |---|---|
//! | `input` | an argument that is read |
//! | `output` | an array that is written |
//! | `axis` | every `axis` argument |
//! | `promotion`, `broadcast` | two arguments that meet: their dtype, their shape |
//! | `fallback` | what NumPy does in our place |
//! | `asarray` | Python objects as arrays, in the order of their protocols |
//! | `foreign` | objects that are more than an array: what is NumPy's to do, what would be lost |
//! | `columns` | containers of pandas and xarray |
//! | `arrow` | arrays by the Arrow PyCapsule interface |
//! | `dlpack` | tensors by DLPack |
//! | `taken` | an array and its nulls |
//! | `modules` | NumPy, imported when it is needed, and the classes of others |
//! | `dtypes` | NumPy's dtypes and the rows of the table |
//! | `description` | what describes an array, with and without a lock of the interpreter |
//! | `operand` | arrays in use by a call |
//! | `pin` | what keeps the memory of an array where it is |
//! | `memory` | addresses, strides and overlaps |
//!
//! What may be done to an array while a call works on it: nothing that moves its memory (NumPy
//! refuses to resize it, see `pin`); to write into it from another thread gives wrong numbers,
//! as in NumPy, and never a crash, as kernels derive no address from an element, and check again
//! what they have counted. (`__setstate__` frees the memory under any user of an array, NumPy's own
//! functions included. So does a `resize` that NumPy has begun when a call begins, where the interpreter has no lock.)

mod arrow;
mod asarray;
mod axis;
mod broadcast;
mod columns;
mod description;
mod dlpack;
mod dtypes;
mod fallback;
mod foreign;
mod input;
mod memory;
mod modules;
mod operand;
mod output;
mod pin;
mod promotion;
mod taken;

pub use arrow::texts;
pub use asarray::{as_array, exactly, refuse_for_numpy, refuse_no_number, take_or_texts};
pub use axis::{axes, axis, axis_or_none, reduced_shape};
pub use broadcast::{broadcast, broadcast_to};
pub use dtypes::{REAL, dtype_of, is_bfloat16, is_of_user};
pub use fallback::{Fallback, OutRule, is_overridden};
pub use foreign::{is_array_like, is_list, overrides_functions, refuse_lost};
pub use input::Input;
pub use modules::{array, is_a, numpy, prepare};
pub use operand::{Operand, check_unmoved, pin};
pub use output::Output;
pub use promotion::{common_dtype, promote};
pub use taken::Taken;
