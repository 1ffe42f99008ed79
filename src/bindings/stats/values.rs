//! What a `Stats` holds: the state of one set of elements, or of one for each element of an array.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::bindings::array::Output;
use crate::dtype::{DType, Kind, dispatch_real};
use crate::kernels::stats::{
    AnyMoments, CentralMoments, Key, Lines, Measure, Moments, Number, Sample, ToNumber,
};

/// The state of one set of elements, or of one for each element of an array.
#[derive(Clone)]
pub(super) enum Values {
    One(AnyMoments),
    Many { dtype: DType, shape: Vec<usize>, lines: Lines },
}

impl Values {
    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Values::One(_) => &[],
            Values::Many { shape, .. } => shape,
        }
    }

    /// Whether some elements have weights.
    pub(super) fn is_weighted(&self) -> bool {
        matches!(self, Values::One(AnyMoments::Weighted(_)) | Values::Many { lines: Lines::Weighted(_), .. })
    }

    /// The states, in C order.
    pub(super) fn lines(&self) -> impl ExactSizeIterator<Item = AnyMoments> {
        let len = match self {
            Values::One(_) => 1,
            Values::Many { lines, .. } => lines.len(),
        };
        (0..len).map(move |index| match self {
            Values::One(moments) => *moments,
            Values::Many { lines, .. } => lines.get(index),
        })
    }

    /// Whether an element is NaN.
    pub(super) fn has_nan(&self) -> bool {
        self.lines().any(|moments| moments.extremes().is_some_and(|(min, _)| min.to_f64().is_nan()))
    }

    /// Those at an index of an axis.
    pub(super) fn at(&self, axis: usize, index: usize) -> Self {
        match self.spread(axis, &[Some(index)]) {
            Values::Many { dtype, mut shape, lines } => {
                shape.remove(axis);
                if shape.is_empty() {
                    Values::One(lines.get(0))
                } else {
                    Values::Many { dtype, shape, lines }
                }
            }
            one => one,
        }
    }

    /// Those at some indices of an axis; states of nothing where there is none.
    pub(super) fn spread(&self, axis: usize, from: &[Option<usize>]) -> Self {
        let Values::Many { dtype, shape, lines } = self else { return self.clone() };
        let (len, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let mut new_shape = shape.clone();
        new_shape[axis] = from.len();
        let outer: usize = shape[..axis].iter().product();
        let places = (0..outer).flat_map(|outer| {
            from.iter().flat_map(move |from| {
                (0..inner).map(move |inner_index| from.map(|from| (outer * len + from) * inner + inner_index))
            })
        });
        Values::Many { dtype: *dtype, shape: new_shape, lines: lines.select(places) }
    }

    /// Adds nulls to the lines that have some: each counts, and makes all else NaN.
    pub(super) fn add_nulls(&mut self, nulls: &[u64]) {
        const NAN: Number = Number::Float(f64::NAN);
        if nulls.iter().all(|&nulls| nulls == 0) {
            return;
        }
        let with_nulls = |line: AnyMoments, nulls: u64| match nulls {
            0 => line.floats(),
            nulls => Moments::from_parts(line.count() + nulls, CentralMoments::NAN, NAN, NAN),
        };
        let all: Vec<_> = self.lines().zip(nulls).map(|(line, &nulls)| with_nulls(line, nulls)).collect();
        match self {
            Values::One(moments) => *moments = all[0].into(),
            Values::Many { dtype, lines, .. } => {
                if dtype.kind() != Kind::Float {
                    *dtype = DType::F64;
                }
                *lines = all.into();
            }
        }
    }
}

/// Numbers of Python, or arrays of them.
impl Values {
    /// The number of elements.
    pub(super) fn count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Values::One(moments) => moments.count().into_bound_py_any(py),
            Values::Many { shape, lines, .. } => {
                Output::of(py, "Stats", shape, lines.iter().map(|line| line.count() as i64))
            }
        }
    }

    /// A number, or an array of it.
    pub(super) fn floats<'py>(
        &self,
        py: Python<'py>,
        of: impl Fn(&AnyMoments) -> f64,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Values::One(moments) => of(moments).into_bound_py_any(py),
            Values::Many { shape, lines, .. } => {
                Output::of(py, "Stats", shape, lines.iter().map(|moments| of(&moments)))
            }
        }
    }

    /// A measure, or an array of it.
    pub(super) fn measure<'py>(&self, py: Python<'py>, measure: Measure) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Values::One(moments) => moments.measure(measure).into_bound_py_any(py),
            Values::Many { shape, lines, .. } => {
                let mut output = Output::new(py, "Stats", DType::F64, shape)?;
                lines.measure(measure, output.slice_mut());
                output.finish()
            }
        }
    }

    /// A minimum or maximum, or an array of it.
    pub(super) fn extremes<'py>(
        &self,
        py: Python<'py>,
        of: impl Fn((Number, Number)) -> Number,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Values::One(moments) => match moments.extremes().map(of) {
                None => f64::NAN.into_bound_py_any(py),
                Some(Number::Signed(value)) => value.into_bound_py_any(py),
                Some(Number::Unsigned(value)) => value.into_bound_py_any(py),
                Some(Number::Float(value)) => value.into_bound_py_any(py),
            },
            Values::Many { dtype, lines, .. } => {
                let is_empty = lines.iter().any(|line| line.count() == 0);
                let dtype = if is_empty && dtype.kind() != Kind::Float { DType::F64 } else { *dtype };
                self.extremes_as(py, dtype, of)
            }
        }
    }

    /// An array of minima or maxima as a dtype; of no elements NaN, or an integer that stands for nothing.
    pub(super) fn extremes_as<'py>(
        &self,
        py: Python<'py>,
        dtype: DType,
        of: impl Fn((Number, Number)) -> Number,
    ) -> PyResult<Bound<'py, PyAny>> {
        let extremes = self.lines().map(|line| line.extremes().map_or(Number::Float(f64::NAN), &of));
        dispatch_real!(dtype, T => {
            let values = extremes.map(|extreme| T::from_key(ToNumber::from_number(extreme)));
            Output::of::<T>(py, "Stats", self.shape(), values)
        }, complex => unreachable!("complex input is refused"))
    }
}

/// The dtype of extremes of two dtypes: NumPy's, but that of the integers if one holds them all.
pub(super) fn common(a: DType, b: DType, lines: &Lines) -> DType {
    if a == b {
        return a;
    }
    let Lines::Integers(lines) = lines else { return DType::F64 };
    let integers = || lines.iter().filter_map(Moments::extremes);
    if integers().all(|(_, max)| max.to_integer() <= i64::MAX.into()) {
        DType::I64
    } else if integers().all(|(min, _)| min.to_integer() >= 0) {
        DType::U64
    } else {
        DType::F64
    }
}
