//! What has no kernel here is done by NumPy.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::asarray::refuse_for_numpy;
use super::foreign::overrides;
use super::modules::numpy;
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
        self.computed([a, b], out)
    }

    /// What NumPy does with arguments that override its function ([`is_overridden`]): value, type and errors are theirs.
    pub fn overridden<'py>(
        self,
        args: [Arg; 2],
        [a, b]: [&Bound<'py, PyAny>; 2],
        out: Option<&Bound<'py, PyAny>>,
        workers: Workers,
    ) -> PyResult<Bound<'py, PyAny>> {
        refuse_for_numpy(args[0], a)?;
        refuse_for_numpy(args[1], b)?;
        threads(self.function, workers)?;
        Fallback { out: OutRule::Numpys, ..self }.computed([a, b], out)
    }

    fn computed<'py>(
        &self,
        [a, b]: [&Bound<'py, PyAny>; 2],
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = a.py();
        let ufunc = numpy(py, self.ufunc)?;
        let Some(out) = out else { return ufunc.call1((a, b)) };
        match self.out {
            OutRule::Exact => written(self.function, out, &ufunc.call1((a, b))?),
            OutRule::Numpys => {
                let arg = Arg::new(self.function, "out");
                match out.cast::<PyTuple>() {
                    Ok(outs) => outs.iter().try_for_each(|out| refuse_for_numpy(arg, &out))?,
                    Err(_) => refuse_for_numpy(arg, out)?,
                }
                let options = PyDict::new(py);
                options.set_item("out", out)?;
                ufunc.call((a, b), Some(&options))
            }
        }
    }
}

/// Whether one of the arguments, or what is written into, says itself what NumPy's functions do with it.
#[inline]
pub fn is_overridden(objects: [&Bound<'_, PyAny>; 2], out: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    for object in objects.into_iter().chain(out) {
        if overrides(object)? {
            return Ok(true);
        }
    }
    match out.map(|out| out.cast::<PyTuple>()) {
        Some(Ok(outs)) => outs.iter().try_fold(false, |any, out| Ok(any || overrides(&out)?)),
        _ => Ok(false),
    }
}
