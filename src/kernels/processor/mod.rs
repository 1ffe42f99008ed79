//! Numbers that arrive a few at a time and leave as means of chunks.
//!
//! | file | what it holds |
//! |---|---|
//! | `state` | [`Processor`]: the buffer, and the moments of all that has been in it |
//! | `chunk_means` | the kernel of the means |

mod chunk_means;
mod state;

pub use state::Processor;
