//! Numbers that arrive a few at a time and leave as means of chunks.
//!
//! | file | what it holds |
//! |---|---|
//! | `buffer` | numbers, integers of 64 bits among them, as they came |
//! | `state` | [`Processor`]: the buffer, and the moments of all that has been in it |
//! | `chunk_means` | the kernel of the means |

mod buffer;
mod chunk_means;
mod state;

pub use buffer::{Buffer, Numbers};
pub use state::Processor;
