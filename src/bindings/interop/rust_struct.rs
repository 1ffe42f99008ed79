//! A class with state that several threads may use at once.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyType};

use super::printing::{print, push};
use crate::alloc::{try_copied, try_reserve};
use crate::bindings::argument::{Arg, Argument};
use crate::bindings::error::Named;
use crate::bindings::guard::guard;

/// A piece of text and a vector of numbers that live in Rust.
///
/// Parameters
/// ----------
/// data : str
///     The text.
/// vector : iterable of int
///     Numbers of 64 bits: a list, a range, a NumPy array of integers.
///
/// Attributes
/// ----------
/// data : str
///     The text; can be set.
/// vector : list of int
///     A copy of the numbers; can be set. To append to the copy does not change the struct, see
///     :meth:`extend_vector`.
///
/// Raises
/// ------
/// TypeError
///     If data is not a string or an element of vector is not an integer.
/// OverflowError
///     If an element of vector does not fit in 64 bits.
///
/// Notes
/// -----
/// Instances compare by value and so cannot be hashed; they can be pickled and copied. Every
/// method may be called from several threads at once.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> struct = rne.RustStruct("primes", [2, 3])
/// >>> struct.extend_vector([5, 7])
/// >>> struct
/// RustStruct('primes', [2, 3, 5, 7])
/// >>> struct.printer()
/// primes
/// 2
/// 3
/// 5
/// 7
#[pyclass(frozen, module = "rust_numpy_example")]
pub struct RustStruct {
    // Locked only while attached to the interpreter, for a moment in which no Python code runs
    // and the interpreter is not released: so no two threads can wait for each other.
    state: Mutex<State>,
}

struct State {
    data: String,
    vector: Vec<i64>,
}

/// What `pickle` makes a struct from: the class and its arguments.
type Reduced<'py> = (Bound<'py, PyType>, (String, Vec<i64>));

impl RustStruct {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing can panic half-way through a change.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A copy of the state: what is done with it runs Python code, and so is done without the lock.
    fn copy(&self) -> PyResult<State> {
        let state = self.lock();
        Ok(State { data: state.data.clone(), vector: try_copied(&state.vector).named("RustStruct")? })
    }
}

/// The numbers of an argument.
fn numbers(name: &'static str, iterable: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
    let arg = Arg::new("RustStruct", name);
    let mut vector = Vec::new();
    for (index, item) in arg.items(iterable, "an iterable of int")?.enumerate() {
        let number = arg.item(index).read(&item?, "an int of 64 bits")?;
        try_reserve(&mut vector, 1).named("RustStruct")?;
        vector.push(number);
    }
    Ok(vector)
}

#[pymethods]
impl RustStruct {
    #[new]
    #[pyo3(signature = (data, vector))]
    fn new(data: Argument<String>, vector: &Bound<'_, PyAny>) -> PyResult<Self> {
        guard(|| {
            let data = data.get(Arg::new("RustStruct", "data"), "str")?;
            Ok(RustStruct { state: Mutex::new(State { data, vector: numbers("vector", vector)? }) })
        })
    }

    #[getter]
    fn data(&self) -> PyResult<String> {
        guard(|| Ok(self.lock().data.clone()))
    }

    #[setter]
    fn set_data(&self, data: Argument<String>) -> PyResult<()> {
        guard(|| {
            let data = data.get(Arg::new("RustStruct", "data"), "str")?;
            self.lock().data = data;
            Ok(())
        })
    }

    #[getter]
    fn vector<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        guard(|| PyList::new(py, self.copy()?.vector))
    }

    #[setter]
    fn set_vector(&self, vector: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(|| {
            let vector = numbers("vector", vector)?;
            self.lock().vector = vector;
            Ok(())
        })
    }

    /// Print the text and then each number on a line of its own.
    ///
    /// The text goes through :data:`sys.stdout`, see :func:`dict_printer`.
    ///
    /// Examples
    /// --------
    /// >>> import rust_numpy_example as rne
    /// >>> rne.RustStruct("answer", [42]).printer()
    /// answer
    /// 42
    fn printer(&self, py: Python<'_>) -> PyResult<()> {
        guard(|| {
            let State { data, vector } = self.copy()?;
            let mut text = String::new();
            push(&mut text, &[&data, "\n"]).named("RustStruct.printer")?;
            for number in vector {
                push(&mut text, &[&number.to_string(), "\n"]).named("RustStruct.printer")?;
            }
            print(py, &text)
        })
    }

    /// Append numbers to the vector.
    ///
    /// Parameters
    /// ----------
    /// extension : iterable of int
    ///     Numbers of 64 bits. All of them are appended, or none if one cannot be.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an element is not an integer.
    /// OverflowError
    ///     If an element does not fit in 64 bits.
    ///
    /// Examples
    /// --------
    /// >>> import rust_numpy_example as rne
    /// >>> struct = rne.RustStruct("even", [2])
    /// >>> struct.extend_vector(range(4, 9, 2))
    /// >>> struct.vector
    /// [2, 4, 6, 8]
    #[pyo3(signature = (extension))]
    fn extend_vector(&self, extension: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(|| {
            let extension = numbers("extension", extension)?;
            let vector = &mut self.lock().vector;
            try_reserve(vector, extension.len()).named("RustStruct.extend_vector")?;
            vector.extend_from_slice(&extension);
            Ok(())
        })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        guard(|| {
            let py = other.py();
            let Ok(other) = other.cast::<RustStruct>() else {
                return Ok(py.NotImplemented());
            };
            // Without a look, as another thread may change it between two of them.
            if std::ptr::eq(self, other.get()) {
                return Ok(true.into_pyobject(py)?.to_owned().into_any().unbind());
            }
            // One lock at a time: another thread may be comparing the other struct with this one.
            let (ours, theirs) = (self.copy()?, other.get().copy()?);
            let equal = ours.data == theirs.data && ours.vector == theirs.vector;
            Ok(equal.into_pyobject(py)?.to_owned().into_any().unbind())
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guard(|| {
            let State { data, vector } = self.copy()?;
            Ok(format!("RustStruct({}, {vector:?})", PyString::new(py, &data).repr()?))
        })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        guard(|| {
            let State { data, vector } = self.copy()?;
            Ok((py.get_type::<RustStruct>(), (data, vector)))
        })
    }
}
