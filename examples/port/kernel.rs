//! Spikes of a sensor, replaced by its level: one pass along a line, whose state is a level, a spread and two counts.
//! What is done with an element depends on all before it, so a line is the work of one thread; lines are independent.

use ndarray::{ArrayViewD, ArrayViewMutD, Axis};

use crate::error::Result;
use crate::kernels::window::Sample;
use crate::layout::scan;
use crate::parallel::{Pacer, Work};

/// What is a spike.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// So many times the spread away from the level.
    pub limit: f64,
    /// What level and spread keep of themselves at each value.
    pub decay: f64,
    /// So many in a row are no spikes.
    pub patience: usize,
}

/// The lines along an axis without their spikes.
///
/// # Panics
/// If `out` has another shape.
pub fn despike<T: Sample>(
    view: ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T::Mean>,
    axis: usize,
    rule: Rule,
    work: &Work<'_>,
) -> Result<()> {
    // The history of an element is all of its line, so that lines come whole.
    let history = view.len_of(Axis(axis)).max(1);
    scan(view, out, axis, history, work, || Ok(()), |(), line, out| clean(line, out, rule, work))
}

/// A whole line.
fn clean<T: Sample>(line: &[T], out: &mut [T::Mean], rule: Rule, work: &Work<'_>) -> Result<()> {
    let Rule { limit, decay, patience } = rule;
    let (mut level, mut spread) = (f64::NAN, 0.0);
    let (mut seen, mut rejected) = (0, 0);
    let mut pacer = Pacer::new(work);
    for (x, out) in line.iter().zip(out) {
        pacer.spend(1)?;
        let value = x.to_f64();
        *out = T::round(value);
        if value.is_nan() {
            continue;
        }
        if seen == 0 || rejected >= patience {
            (level, spread, seen, rejected) = (value, 0.0, 1, 0);
            continue;
        }
        let error = (value - level).abs();
        if seen >= patience && error > limit * spread {
            rejected += 1;
            *out = T::round(level);
            continue;
        }
        rejected = 0;
        seen += 1;
        spread = if seen <= patience {
            spread + (error - spread) / (seen - 1) as f64
        } else {
            decay * spread + (1.0 - decay) * error
        };
        level = decay * level + (1.0 - decay) * value;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, IxDyn};

    use super::*;

    const RULE: Rule = Rule { limit: 4.0, decay: 0.95, patience: 5 };

    fn cleaned(values: &[f64]) -> Vec<f64> {
        let view = ArrayViewD::from_shape(IxDyn(&[values.len()]), values).expect("one axis");
        let mut out = Array::zeros(IxDyn(&[values.len()]));
        despike(view, out.view_mut(), 0, RULE, &Work::serial()).expect("nobody interrupts");
        out.into_raw_vec_and_offset().0
    }

    #[test]
    fn a_spike_becomes_the_level_and_the_rest_stays() {
        let mut values: Vec<f64> = (0..50).map(|i| f64::from(i % 3)).collect();
        values[40] = 100.0;
        let found = cleaned(&values);
        assert!((0.0..2.0).contains(&found[40]), "{}", found[40]);
        values[40] = found[40];
        assert_eq!(found, values);
    }

    #[test]
    fn what_stays_is_no_spike() {
        let mut values: Vec<f64> = (0..60).map(|i| f64::from(i % 3)).collect();
        values[40..].iter_mut().for_each(|x| *x += 100.0);
        let found = cleaned(&values);
        assert!(found[40..45].iter().all(|x| *x < 2.0) && found[45..] == values[45..]);
    }
}
