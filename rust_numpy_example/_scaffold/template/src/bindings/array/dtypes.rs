//! NumPy's dtypes and the rows of the table.

use numpy::npyffi::NPY_TYPES;

use crate::dtype::DType;

/// NumPy's numbers of the dtypes of the table. C has several names for the same integer type.
const NUMBERS: [(NPY_TYPES, DType); 13] = [
    (NPY_TYPES::NPY_BOOL, DType::Bool),
    (NPY_TYPES::NPY_BYTE, DType::I8),
    (NPY_TYPES::NPY_UBYTE, DType::U8),
    (NPY_TYPES::NPY_SHORT, DType::I16),
    (NPY_TYPES::NPY_USHORT, DType::U16),
    (NPY_TYPES::NPY_INT, DType::I32),
    (NPY_TYPES::NPY_UINT, DType::U32),
    (NPY_TYPES::NPY_LONGLONG, DType::I64),
    (NPY_TYPES::NPY_ULONGLONG, DType::U64),
    (NPY_TYPES::NPY_FLOAT, DType::F32),
    (NPY_TYPES::NPY_DOUBLE, DType::F64),
    (NPY_TYPES::NPY_LONG, if LONG_IS_64 { DType::I64 } else { DType::I32 }),
    (NPY_TYPES::NPY_ULONG, if LONG_IS_64 { DType::U64 } else { DType::U32 }),
];

const LONG_IS_64: bool = size_of::<std::ffi::c_long>() == 8;

/// The row of the table for NumPy's number of a dtype, whatever its byte order.
pub(super) fn supported(number: i32) -> Option<DType> {
    NUMBERS.iter().find(|(known, _)| *known as i32 == number).map(|&(_, dtype)| dtype)
}
