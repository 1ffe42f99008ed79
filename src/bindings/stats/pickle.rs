//! Pickles of `Stats`: a tuple of arrays that holds all digits.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::values::Values;
use crate::bindings::argument::Arg;
use crate::bindings::array::{Input, Output};
use crate::dtype::{DType, Kind, dispatch_real};
use crate::kernels::stats::{
    AnyMoments, CentralMoments, IntegerSums, Lines, Moments, Number, Sample, ToNumber, WeightedMoments,
};

impl Values {
    /// What `restore` reads. Of integers: count, the words of their sum and of that of their squares. Of
    /// floats: count, mean, its rest, squares, their rest, their exponent. With weights: count, weight, its rest, then
    /// as of floats. Then minimum, maximum and, for arrays, the name of the dtype.
    pub(super) fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut state = vec![self.count(py)?];
        let integers = self.lines().map(|line| match line {
            AnyMoments::Integers(moments) => Some(moments.center()),
            AnyMoments::Floats(_) | AnyMoments::Weighted(_) => None,
        });
        if self.is_weighted() {
            state.push(self.floats(py, |moments| moments.weighted().center().weight)?);
            state.push(self.floats(py, |moments| moments.weighted().center().weight_low)?);
        }
        match integers.collect::<Option<Vec<_>>>() {
            Some(sums) => {
                let shape = |words| [self.shape(), &[words]].concat();
                let totals: Vec<u64> =
                    sums.iter().flat_map(|sums| [sums.sum() as u64, (sums.sum() >> 64) as u64]).collect();
                let squares: Vec<u64> = sums.iter().flat_map(IntegerSums::squares).collect();
                state.push(Output::of(py, "Stats", &shape(2), totals.into_iter())?);
                state.push(Output::of(py, "Stats", &shape(3), squares.into_iter())?);
            }
            None => {
                state.push(self.floats(py, |moments| moments.central().mean)?);
                state.push(self.floats(py, |moments| moments.central().mean_low)?);
                state.push(self.floats(py, |moments| moments.central().squares)?);
                state.push(self.floats(py, |moments| moments.central().squares_low)?);
                state.push(self.floats(py, |moments| moments.central().exponent.into())?);
            }
        }
        state.push(self.extremes_of_state(py, |(min, _)| min)?);
        state.push(self.extremes_of_state(py, |(_, max)| max)?);
        state.push(match self {
            Values::One(_) => py.None().into_bound(py),
            Values::Many { dtype, .. } => dtype.name().into_bound_py_any(py)?,
        });
        PyTuple::new(py, state)
    }

    /// A minimum or maximum: where a line has no elements, the integers of the others stay what they are.
    fn extremes_of_state<'py>(
        &self,
        py: Python<'py>,
        of: impl Fn((Number, Number)) -> Number,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Values::One(_) => self.extremes(py, of),
            Values::Many { dtype, .. } => self.extremes_as(py, *dtype, of),
        }
    }
}

/// What pickles.
const STATE: Arg = Arg::new("Stats", "_state");

/// The values of a state made by `Stats::state`, or by that of a version that kept floats of integers, too,
/// and no exponent: seven items for a number, eight for arrays. States with weights have eleven.
pub(super) fn restore(state: &Bound<'_, PyTuple>) -> PyResult<Values> {
    let bad = || STATE.value_error("another tuple", "one that Stats has made");
    let len = state.len();
    if !(6..=9).contains(&len) && len != 11 {
        return Err(bad());
    }
    let column = |at: usize| Input::new(STATE, &state.get_item(at)?);
    let first = column(0)?;
    let (shape, lines) = (first.shape().to_vec(), first.len());
    let floats = |at: usize| {
        let input = column(at)?.cast(DType::F64)?;
        let values: Vec<f64> = input.view::<f64>().iter().copied().collect();
        if values.len() == lines { Ok(values) } else { Err(bad()) }
    };
    let words = |at: usize, each: usize| {
        let input = column(at)?;
        if input.dtype() != DType::U64 || input.len() != lines * each {
            return Err(bad());
        }
        Ok::<Vec<u64>, PyErr>(input.view::<u64>().iter().copied().collect())
    };
    let numbers = |at: usize| {
        let input = column(at)?;
        let values = dispatch_real!(input.dtype(), T => {
            input.view::<T>().iter().map(|value| value.key().number()).collect::<Vec<Number>>()
        }, complex => return Err(bad()));
        if values.len() == lines { Ok(values) } else { Err(bad()) }
    };
    let counts: Vec<i64> = first.cast(DType::I64)?.view::<i64>().iter().copied().collect();
    let count = |i: usize| counts[i].max(0) as u64;
    let name = match len {
        7 => None,
        _ => state.get_item(len - 1)?.extract::<Option<String>>()?,
    };
    let states = if len == 6 {
        let (sums, squares, mins, maxs) = (words(1, 2)?, words(2, 3)?, numbers(3)?, numbers(4)?);
        let state = |i: usize| {
            let sum = (u128::from(sums[2 * i + 1]) << 64 | u128::from(sums[2 * i])) as i128;
            let squares = [squares[3 * i], squares[3 * i + 1], squares[3 * i + 2]];
            // What no integers give would end in a negative number of squares.
            let sums = IntegerSums::checked(count(i), sum, squares).ok_or_else(bad)?;
            Ok(Moments::from_parts(count(i), sums, mins[i], maxs[i]))
        };
        Lines::Integers((0..lines).map(state).collect::<PyResult<_>>()?)
    } else {
        let at = if len == 11 { 3 } else { 1 };
        let (means, mean_lows, squares, squares_lows) =
            (floats(at)?, floats(at + 1)?, floats(at + 2)?, floats(at + 3)?);
        let exponents = if len >= 9 { floats(at + 4)? } else { vec![0.0; lines] };
        let at = if len >= 9 { at + 5 } else { at + 4 };
        let (mins, maxs) = (numbers(at)?, numbers(at + 1)?);
        let central = |i: usize| CentralMoments {
            mean: means[i],
            mean_low: mean_lows[i],
            squares: squares[i],
            squares_low: squares_lows[i],
            exponent: exponents[i].clamp(-4000.0, 4000.0) as i32,
        };
        if len == 11 {
            let (weights, weight_lows) = (floats(1)?, floats(2)?);
            let state = |i: usize| {
                let center =
                    WeightedMoments { weight: weights[i], weight_low: weight_lows[i], central: central(i) };
                Moments::from_parts(count(i), center, mins[i], maxs[i])
            };
            Lines::Weighted((0..lines).map(state).collect())
        } else {
            let state = |i: usize| Moments::from_parts(count(i), central(i), mins[i], maxs[i]);
            Lines::Floats((0..lines).map(state).collect())
        }
    };
    let Some(name) = name else {
        return if lines == 1 { Ok(Values::One(states.get(0))) } else { Err(bad()) };
    };
    let dtype = DType::ALL.iter().find(|dtype| dtype.name() == name && dtype.kind() != Kind::Complex);
    Ok(Values::Many { dtype: *dtype.ok_or_else(bad)?, shape, lines: states })
}
