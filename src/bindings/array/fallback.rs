//! What has no kernel here is done by NumPy.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::asarray::{numpy, refuse_masked};
use super::output::written;
use crate::bindings::argument::{Arg, Workers, threads};

/// A function of NumPy that means the same as one of ours.
pub struct Fallback {
    /// The name of ours.
    pub function: &'static str,
    /// The name of NumPy's.
    pub ufunc: &'static str,
    /// What `out` may be.
    pub out: OutRule,
}

/// What the `out` argument of a function may be.
pub enum OutRule {
    /// Of the shape and the dtype of the result.
    Exact,
    /// What NumPy can broadcast and convert the result to.
    Numpys,
}

impl Fallback {
    /// What NumPy does with two arguments, once those that are ours alone have been looked at.
    pub fn call<'py>(
        &self,
        [a, b]: [&Bound<'py, PyAny>; 2],
        out: Option<&Bound<'py, PyAny>>,
        workers: Workers,
    ) -> PyResult<Bound<'py, PyAny>> {
        threads(self.function, workers)?;
        let py = a.py();
        let ufunc = numpy(py, self.ufunc)?;
        let Some(out) = out else { return ufunc.call1((a, b)) };
        match self.out {
            OutRule::Exact => written(self.function, out, &ufunc.call1((a, b))?),
            OutRule::Numpys => {
                let arg = Arg::new(self.function, "out");
                match out.cast::<PyTuple>() {
                    Ok(outs) => outs.iter().try_for_each(|out| refuse_masked(arg, &out))?,
                    Err(_) => refuse_masked(arg, out)?,
                }
                let options = PyDict::new(py);
                options.set_item("out", out)?;
                ufunc.call((a, b), Some(&options))
            }
        }
    }
}
