//! What a NaN does, by SciPy's names.

/// What a NaN does.
#[derive(Clone, Copy, PartialEq)]
pub enum NanPolicy {
    /// The result is NaN.
    Propagate,
    /// It is left out.
    Omit,
    /// It is an error.
    Raise,
}

/// The choices of the argument `nan_policy`.
pub const NAN_POLICIES: [(&str, NanPolicy); 3] =
    [("propagate", NanPolicy::Propagate), ("omit", NanPolicy::Omit), ("raise", NanPolicy::Raise)];
