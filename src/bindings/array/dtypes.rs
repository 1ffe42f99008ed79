//! NumPy's dtypes and the rows of the table.

use numpy::npyffi::NPY_TYPES;
use numpy::{PyArrayDescr, PyArrayDescrMethods};
use pyo3::prelude::*;

use crate::dtype::DType;

/// The dtypes of a function that complex numbers have no meaning for, in words.
pub const REAL: &str = "bool, an integer or a float up to 64 bits";

/// The row of the table for a NumPy dtype object, if it has one.
pub fn dtype_of(dtype: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    Ok(supported(dtype.cast::<PyArrayDescr>()?.num()))
}

/// The row of the table for NumPy's number of a dtype, whatever its byte order.
pub(super) fn supported(number: i32) -> Option<DType> {
    // C has several names for the same integer type; all but these have a fixed size.
    let long = size_of::<std::ffi::c_long>() == 8;
    Some(match number {
        _ if number == NPY_TYPES::NPY_BOOL as i32 => DType::Bool,
        _ if number == NPY_TYPES::NPY_BYTE as i32 => DType::I8,
        _ if number == NPY_TYPES::NPY_UBYTE as i32 => DType::U8,
        _ if number == NPY_TYPES::NPY_SHORT as i32 => DType::I16,
        _ if number == NPY_TYPES::NPY_USHORT as i32 => DType::U16,
        _ if number == NPY_TYPES::NPY_INT as i32 => DType::I32,
        _ if number == NPY_TYPES::NPY_UINT as i32 => DType::U32,
        _ if number == NPY_TYPES::NPY_LONG as i32 => {
            if long {
                DType::I64
            } else {
                DType::I32
            }
        }
        _ if number == NPY_TYPES::NPY_ULONG as i32 => {
            if long {
                DType::U64
            } else {
                DType::U32
            }
        }
        _ if number == NPY_TYPES::NPY_LONGLONG as i32 => DType::I64,
        _ if number == NPY_TYPES::NPY_ULONGLONG as i32 => DType::U64,
        _ if number == NPY_TYPES::NPY_HALF as i32 => DType::F16,
        _ if number == NPY_TYPES::NPY_FLOAT as i32 => DType::F32,
        _ if number == NPY_TYPES::NPY_DOUBLE as i32 => DType::F64,
        _ if number == NPY_TYPES::NPY_CFLOAT as i32 => DType::C64,
        _ if number == NPY_TYPES::NPY_CDOUBLE as i32 => DType::C128,
        _ => return None,
    })
}

/// Whether a dtype is of another library.
pub fn is_of_user(descr: &Bound<'_, PyArrayDescr>) -> bool {
    descr.num() >= NPY_TYPES::NPY_USERDEF as i32
}

/// Whether a dtype is the bfloat16 of ml_dtypes, which NumPy has not by itself.
pub fn is_bfloat16(descr: &Bound<'_, PyArrayDescr>) -> PyResult<bool> {
    Ok(is_of_user(descr) && descr.str()?.to_cow()? == "bfloat16")
}

/// NumPy's number of a dtype of the table.
pub(super) fn type_number(dtype: DType) -> NPY_TYPES {
    let long = size_of::<std::ffi::c_long>() == 8;
    match dtype {
        DType::Bool => NPY_TYPES::NPY_BOOL,
        DType::I8 => NPY_TYPES::NPY_BYTE,
        DType::U8 => NPY_TYPES::NPY_UBYTE,
        DType::I16 => NPY_TYPES::NPY_SHORT,
        DType::U16 => NPY_TYPES::NPY_USHORT,
        DType::I32 => NPY_TYPES::NPY_INT,
        DType::U32 => NPY_TYPES::NPY_UINT,
        DType::I64 if long => NPY_TYPES::NPY_LONG,
        DType::I64 => NPY_TYPES::NPY_LONGLONG,
        DType::U64 if long => NPY_TYPES::NPY_ULONG,
        DType::U64 => NPY_TYPES::NPY_ULONGLONG,
        DType::F16 => NPY_TYPES::NPY_HALF,
        DType::F32 => NPY_TYPES::NPY_FLOAT,
        DType::F64 => NPY_TYPES::NPY_DOUBLE,
        DType::C64 => NPY_TYPES::NPY_CFLOAT,
        DType::C128 => NPY_TYPES::NPY_CDOUBLE,
    }
}
