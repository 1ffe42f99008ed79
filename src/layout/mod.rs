//! Arrays of any layout in memory, and how they are walked.
//!
//! What is contiguous is a slice and is handed on as it is. Anything else is a view.

mod elements;

pub use elements::{Elements, ElementsMut};
