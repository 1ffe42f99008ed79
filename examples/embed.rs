//! A Rust program that embeds Python: it reads a table with a kernel of the crate, calls NumPy
//! with arrays it made, and lets Python code call the crate, compiled into the program.
//!
//! ```console
//! cargo run --features python --example embed
//! ```
//!
//! The Python found at build time (or named by `PYO3_PYTHON`) needs NumPy and a shared library.
//! An embedded interpreter knows nothing of a virtual environment: the program adds that which
//! `VIRTUAL_ENV` names.
#![allow(clippy::print_stdout)]
// `append_to_inittab!` expands to it; Python is not running yet, as it asks for.
#![allow(unsafe_code)]

use ::rust_numpy_example::bindings::rust_numpy_example as extension;
use ::rust_numpy_example::kernels::table::{Query, Table};
use ::rust_numpy_example::parallel::Work;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

const PLANETS: &str = include_str!("../rust_numpy_example/data/planets.csv");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    pyo3::append_to_inittab!(extension);
    Python::initialize();

    println!("Rust alone: the statistics of the planets");
    let mut table = Table::new(Query::new(",")?);
    table.feed(PLANETS.as_bytes(), &Work::serial())?;
    table.finish(&Work::serial())?;
    for column in table.columns().iter().filter(|column| column.kinds().total() == 0) {
        let moments = column.numbers.moments();
        println!("  {:22} mean {:12.4}  max {:12.4}", column.name, moments.mean(), moments.max());
    }

    Ok(Python::attach(|py| {
        use_virtual_environment(py)?;

        let exponent = keplers_exponent(py)?;
        println!(
            "NumPy, called from Rust: the time around the sun grows as the distance to the power {exponent:.4}"
        );

        println!("Python code that calls Rust:");
        let globals = PyDict::new(py);
        globals.set_item("planets", PLANETS)?;
        py.run(
            cr#"
import rust_numpy_example as rne
stats = rne._TableStats(select=[2])
stats.feed(planets.encode())
(column,) = stats.finish()
print(f"  rust_numpy_example {rne.__version__} found {column.numbers} numbers in the column {column.name}")
"#,
            Some(&globals),
            None,
        )
    })?)
}

/// The slope of a straight line through the logarithms, which is 3/2 by Kepler's third law.
fn keplers_exponent(py: Python<'_>) -> PyResult<f64> {
    let column = |name: &str| -> Vec<f64> {
        let mut lines = PLANETS.lines().map(|line| line.split(','));
        let index = lines.next().and_then(|mut names| names.position(|other| other == name));
        lines.filter_map(|mut fields| fields.nth(index?)?.parse().ok()).collect()
    };
    // The memory of a vector becomes the array's: no copy.
    let distance = PyArray1::from_vec(py, column("distance_1e6_km"));
    let period = PyArray1::from_vec(py, column("orbital_period_days"));
    let numpy = py.import("numpy")?;
    let (x, y) = (numpy.call_method1("log", (distance,))?, numpy.call_method1("log", (period,))?);
    let line = numpy.call_method1("polyfit", (x, y, 1))?;
    let line = line.cast_into::<PyArray1<f64>>()?.to_vec()?;
    Ok(line[0])
}

fn use_virtual_environment(py: Python<'_>) -> PyResult<()> {
    py.run(
        cr#"
import os, site, sysconfig
folder = os.environ.get("VIRTUAL_ENV")
if folder:
    scheme = "posix_prefix" if os.name == "posix" else "nt"
    site.addsitedir(sysconfig.get_path("purelib", scheme, {"base": folder}))
"#,
        None,
        None,
    )
}
