//! The algorithms, a module a topic. Nothing here knows of Python.

pub mod eft;
pub mod elementwise;
pub mod fibonacci;
pub mod histogram;
pub mod image;
pub mod integer;
pub mod linalg;
pub mod monte_carlo;
pub mod processor;
pub mod quantiles;
pub mod reduce;
pub mod stats;
pub mod table;
pub mod window;
pub mod words;
