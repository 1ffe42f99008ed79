//! The algorithms, a module a topic. Nothing here knows of Python.

pub mod eft;
pub mod window;
