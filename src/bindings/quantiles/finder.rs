//! `QuantileFinder`.

use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::levels::{Levels, name_of};
use crate::bindings::argument::{Arg, Argument};
use crate::bindings::array::{Input, Operand};
use crate::bindings::call::locked;
use crate::bindings::error::Named;
use crate::bindings::guard::guard;
use crate::bindings::nan_policy::{NAN_POLICIES, NanPolicy};
use crate::dtype::{DType, Kind, dispatch_real};
use crate::error::Result;
use crate::kernels::quantiles::{Finder, Found, METHODS};
use crate::parallel::Work;

/// The class that is named in messages.
const NAME: &str = "QuantileFinder";

/// The memory that is used where the caller does not say: 64 MiB.
const MEMORY: i64 = 64 << 20;

/// Exact quantiles of data larger than the memory, which are read several times.
///
/// Parameters
/// ----------
/// q : float or array_like of float
///     The levels, from 0 to 1; at most two axes.
/// method : str, optional
///     As in :func:`quantiles`.
/// nan_policy : {'propagate', 'omit', 'raise'}, optional
///     As in :func:`quantiles`.
/// memory : int, optional
///     Bytes that may be used for elements, at least 1024; by default 64 MiB. Less memory costs
///     more passes and no accuracy.
///
/// Raises
/// ------
/// ValueError
///     If a level is not within 0 to 1, or another argument is invalid.
///
/// See Also
/// --------
/// quantiles : of an array in memory.
/// QuantileSketch : of data that can be read only once.
///
/// Notes
/// -----
/// A pass is all of the data, in chunks of any size, each given to :meth:`update`;
/// :meth:`end_pass` says whether that was enough. Where the elements fit into the memory, one pass
/// is. Else the first pass keeps a sample, and two elements of it enclose each rank; the second counts what
/// lies below and keeps what lies between (Munro and Paterson 1980). If that is too much for the
/// memory, further passes follow, each with narrower bounds. The order of the data may be another in
/// each pass. The result has the bits of :func:`quantiles` of all elements at once.
///
/// Any number of threads may use one object; each call is done as a whole.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> finder = rne.QuantileFinder([0.25, 0.5], memory=16_384)
/// >>> done = False
/// >>> while not done:  # each time through is a pass, as over a file
/// ...     for start in range(0, 5_000, 1_000):
/// ...         finder.update(np.arange(start, start + 1_000.0))
/// ...     done = finder.end_pass()
/// >>> finder.quantiles()
/// array([1249.75, 2499.5 ])
/// >>> finder
/// QuantileFinder(count=5000, pass_number=2, done=True)
#[pyclass(frozen, module = "rust_numpy_example")]
pub struct QuantileFinder {
    levels: Levels,
    nan_policy: NanPolicy,
    state: Mutex<State>,
}

struct State {
    finder: Finder,
    /// That of the first elements.
    dtype: Option<DType>,
}

impl QuantileFinder {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        elements: usize,
        operands: &[&dyn Operand],
        body: impl FnOnce(&mut State, &Work<'_>) -> Result<T> + Send,
    ) -> PyResult<T> {
        locked(py, NAME, &self.state, elements, operands, body)
    }

    fn get<T: Send>(&self, py: Python<'_>, of: impl FnOnce(&Finder) -> T + Send) -> PyResult<T> {
        self.with(py, 0, &[], |state, _| Ok(of(&state.finder)))
    }
}

#[pymethods]
impl QuantileFinder {
    #[new]
    #[pyo3(
        signature = (
            q, *, method=Argument::default("linear"), nan_policy=Argument::default("propagate"),
            memory=Argument::default(MEMORY)
        ),
        text_signature = "(q, *, method='linear', nan_policy='propagate', memory=67108864)"
    )]
    fn new(
        q: &Bound<'_, PyAny>,
        method: Argument<&str>,
        nan_policy: Argument<&str>,
        memory: Argument<i64>,
    ) -> PyResult<Self> {
        guard(|| {
            let arg = |name| Arg::new(NAME, name);
            let method = method.choice(arg("method"), &METHODS)?;
            let nan_policy = nan_policy.choice(arg("nan_policy"), &NAN_POLICIES)?;
            let memory = memory.within(arg("memory"), 1024..=i64::MAX, "an int of at least 1024")?;
            let levels = Levels::new(arg("q"), q)?;
            let limit = memory as usize / size_of::<i64>();
            let finder =
                Finder::new(&levels.values, method, nan_policy == NanPolicy::Omit, limit).named(NAME)?;
            Ok(QuantileFinder { levels, nan_policy, state: Mutex::new(State { finder, dtype: None }) })
        })
    }

    /// Read a chunk of the data of this pass.
    ///
    /// Parameters
    /// ----------
    /// arr : array_like
    ///     Any bool, integer or float dtype up to 64 bits, any shape and layout. All chunks have
    ///     the same dtype.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If the dtype is none of these, or not that of the first chunk.
    /// ValueError
    ///     If there is a NaN that is not allowed, or the quantiles are known already.
    fn update(&self, py: Python<'_>, arr: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(|| {
            let arg = Arg::new("QuantileFinder.update", "arr");
            let input = Input::real(arg, arr)?;
            let dtype = input.dtype();
            let (first, is_done, has_nan) = dispatch_real!(dtype, T => {
                let elements = input.elements::<T>();
                self.with(py, input.len(), &[&input], move |state, work| {
                    let first = *state.dtype.get_or_insert(dtype);
                    let is_done = state.finder.is_done();
                    if first == dtype && !is_done {
                        state.finder.update(elements, work)?;
                    }
                    Ok((first, is_done, state.finder.nan() > 0))
                })?
            }, complex => unreachable!("complex input is refused"));
            if first != dtype {
                let got = format!("dtype {}", dtype.name());
                return Err(arg.type_error(got, format_args!("{}, as the first chunk", first.name())));
            }
            if is_done {
                return Err(PyValueError::new_err(
                    "QuantileFinder.update: the quantiles are known, expected no more data",
                ));
            }
            if has_nan && self.nan_policy == NanPolicy::Raise {
                return Err(arg.value_error("a NaN", "none with nan_policy='raise'"));
            }
            Ok(())
        })
    }

    /// End a pass over the data.
    ///
    /// Returns
    /// -------
    /// bool
    ///     Whether the quantiles are known; if not, all of the data has to come again.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If this pass had another number of elements than the first one; it does not count.
    fn end_pass(&self, py: Python<'_>) -> PyResult<bool> {
        guard(|| self.with(py, usize::MAX, &[], |state, _| state.finder.end_pass()))
    }

    /// The quantiles.
    ///
    /// Returns
    /// -------
    /// scalar or ndarray
    ///     What :func:`quantiles` gives for all elements: the shape of ``q``, and the same dtype.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If they are not known yet, or there are no elements (of floats: NaN).
    fn quantiles<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| {
            const FUNCTION: &str = "QuantileFinder.quantiles";
            let (dtype, is_done, count) = self.with(py, 0, &[], |state, _| {
                Ok((state.dtype, state.finder.is_done(), state.finder.count()))
            })?;
            if !is_done {
                let text = "they are not known yet, expected a pass for which end_pass() is True";
                return Err(PyValueError::new_err(format!("{FUNCTION}: {text}")));
            }
            let Some(dtype) = dtype.filter(|dtype| count > 0 || dtype.kind() == Kind::Float) else {
                return Err(PyValueError::new_err(format!("{FUNCTION}: there are no elements")));
            };
            dispatch_real!(dtype, T => {
                let (pairs, method) = self.with(py, 0, &[], |state, _| {
                    Ok((state.finder.found::<T>()?.unwrap_or_default(), state.finder.method()))
                })?;
                let found = Found { pairs, counts: vec![count], has_nan: false };
                self.levels.output(py, FUNCTION, &[], method, &found)
            }, complex => unreachable!("complex input is refused"))
        })
    }

    /// How many elements there are; with ``nan_policy='omit'`` without NaN.
    #[getter]
    fn count(&self, py: Python<'_>) -> PyResult<u64> {
        guard(|| self.get(py, Finder::count))
    }

    /// Which pass it is, from 1.
    #[getter]
    fn pass_number(&self, py: Python<'_>) -> PyResult<u32> {
        guard(|| self.get(py, Finder::pass))
    }

    /// Whether the quantiles are known.
    #[getter]
    fn done(&self, py: Python<'_>) -> PyResult<bool> {
        guard(|| self.get(py, Finder::is_done))
    }

    /// What a NaN does.
    #[getter]
    fn nan_policy(&self) -> PyResult<&'static str> {
        guard(|| Ok(name_of(&NAN_POLICIES, self.nan_policy)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guard(|| {
            let (count, pass, is_done) =
                self.get(py, |finder| (finder.count(), finder.pass(), finder.is_done()))?;
            let done = if is_done { "True" } else { "False" };
            Ok(format!("QuantileFinder(count={count}, pass_number={pass}, done={done})"))
        })
    }

    fn __sizeof__(&self, py: Python<'_>) -> PyResult<usize> {
        guard(|| {
            let levels = size_of_val(&self.levels.values[..]) + size_of_val(&self.levels.shape[..]);
            Ok(size_of::<Self>() + levels + self.get(py, Finder::bytes)?)
        })
    }
}
