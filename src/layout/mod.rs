//! Arrays of any layout in memory, and the one way they are walked.
//!
//! | file | what it holds |
//! |---|---|
//! | `elements` | what a kernel is given: a slice, or a view |
//! | `order` | axes of several arrays: sorted, turned round, merged, cut into parts; integers only |
//! | `strided` | an array, its mask and what lies beside it, as a sequence of contiguous slices |
//! | `zip` | arrays of one shape walked together, one of which is written |
//! | `scan` | functions along an axis whose output is as long: a line in, a line out |
//! | `convert` | elements as those of the type that they are promoted to |
//! | `slice` | a slice whose element type is known at run time |
//! | `gather` | copies between strided and contiguous elements |
//! | `broadcast` | the shape of two arrays together |
//!
//! What walks an array knows the size of its elements and not their type, so it is compiled once,
//! not once for each dtype. A kernel is a function over a contiguous slice, called once a block: a
//! reduction is such a function and a way to merge what it returns ([`Strided::blocks`]), an
//! element-wise function writes a slice ([`zip()`]), a function along an axis reads a line and writes one
//! ([`scan()`]).
//!
//! How an array is cut depends on its shape and strides only, never on the number of threads.

mod broadcast;
mod convert;
mod elements;
mod gather;
mod order;
mod scan;
mod slice;
mod strided;
mod zip;

pub use broadcast::broadcast_shapes;
pub use convert::{Convert, convert};
pub use elements::{Elements, ElementsMut};
pub use order::Parts;
pub use scan::scan;
pub use slice::{AnySlice, reinterpret, reinterpret_mut};
pub use strided::{BESIDE, Lane, Lanes, Origin, Strided};
pub use zip::{Piece, Source, zip};
