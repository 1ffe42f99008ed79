//! One element at a time: products, and a filter.

pub mod multiply;
pub mod product;
pub mod select;
