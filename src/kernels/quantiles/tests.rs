//! Against sorting.

use half::f16;
use ndarray::{Array, ArrayD, ArrayViewD, Axis, IxDyn, s};

use super::window::{self, Interval};
use super::*;
use crate::dtype::Bool;
use crate::error::Error;
use crate::parallel::Work;

/// The same by sorting each line.
fn naive<T: Ordered>(view: &ArrayViewD<'_, T>, axes: &[usize], request: Request<'_>) -> Found<T> {
    let kept: Vec<usize> = (0..view.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let turned = view.clone().permuted_axes(order);
    let count = kept.iter().map(|&axis| view.len_of(Axis(axis))).product::<usize>();
    let all: Vec<T> = turned.iter().copied().collect();
    let mut found = Found { pairs: vec![], counts: vec![], has_nan: false };
    for line in all.chunks(all.len() / count) {
        let mut keys: Vec<T::Key> = line.iter().map(|element| element.key()).collect();
        keys.sort_unstable();
        let numbers = keys.iter().filter(|&&key| !(T::HAS_NAN && key == T::Key::MAX)).count();
        let has_nan = !request.skip_nan && numbers < keys.len();
        found.has_nan |= has_nan;
        let len = if request.skip_nan { numbers } else { keys.len() };
        found.counts.push(len as u64);
        for &level in request.levels {
            found.pairs.push(if has_nan || len == 0 {
                [T::from_key(T::Key::MAX); 2]
            } else {
                let position = request.method.position(len as u64, level);
                [position.lower, position.upper].map(|rank| T::from_key(keys[rank as usize]))
            });
        }
    }
    found
}

fn check<T: Ordered>(view: ArrayViewD<'_, T>) {
    let keys = |found: &Found<T>| -> Vec<[T::Key; 2]> {
        found.pairs.iter().map(|pair| pair.map(Ordered::key)).collect()
    };
    let all: Vec<usize> = (0..view.ndim()).collect();
    let mut sets = vec![all.clone(), vec![]];
    sets.extend(all.iter().map(|&axis| vec![axis]));
    for axes in &sets {
        for (levels, method) in [
            (&[0.5][..], Method::Linear),
            (&[0.9, 0.0, 0.25, 1.0, 0.25], Method::Hazen),
            (&[0.3], Method::Nearest),
            (&[], Method::Lower),
        ] {
            // Each request with one of the ways: all of them take long where nothing is optimised.
            let (skip_nan, workers) = ((levels.len() + axes.len()) % 2 == 1, 1 + 2 * (axes.len() % 2));
            let request = Request { levels, method, skip_nan };
            let expected = naive(&view, axes, request);
            let found = along(view.clone(), axes, request, &Work::with_threads(workers)).expect("memory");
            assert_eq!(keys(&found), keys(&expected), "{axes:?} {request:?}");
            assert_eq!((found.counts, found.has_nan), (expected.counts, expected.has_nan));
        }
    }
}

fn numbers<T>(shape: &[usize], make: impl Fn(u64) -> T) -> ArrayD<T> {
    let mut index = 0u64;
    Array::from_shape_simple_fn(IxDyn(shape), || {
        index += 1;
        make(index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40)
    })
}

#[test]
fn every_layout_is_as_if_sorted() {
    for shape in [&[3, 40, 50][..], &[7, 5001], &[5001, 7], &[1, 1], &[], &[17]] {
        let array = numbers(shape, |x| if x % 5000 == 7 { f64::NAN } else { x as f64 - 8e6 });
        check(array.view());
        check(array.view().reversed_axes());
        if let Ok(three) = array.view().into_dimensionality::<ndarray::Ix3>() {
            check(three.slice(s![..;-1, ..;3, 1..;2]).into_dyn());
            check(three.slice(s![.., .., ..1]).into_dyn());
        }
    }
}

#[test]
fn every_type_is_as_if_sorted() {
    let shape = [17_000];
    check(numbers(&shape, |x| Bool((x % 3 / 2) as u8)).view());
    check(numbers(&shape, |x| x as i8).view());
    check(numbers(&shape, |x| x as u8).view());
    check(numbers(&shape, |x| x as i16).view());
    check(numbers(&shape, |x| x as u16).view());
    check(numbers(&shape, |x| x as i32 - 9_000_000).view());
    check(numbers(&shape, |x| (x as u32).wrapping_mul(300)).view());
    check(numbers(&shape, |x| (x as i64 - 9_000_000) << 39).view());
    check(numbers(&shape, |x| x << 40).view());
    check(numbers(&shape, |x| f16::from_f64(x as f64 / 1e3 - 8e3)).view());
    check(numbers(&shape, |x| x as f32 / 7.0 - 1e6).view());
}

#[test]
fn ties_and_order_do_not_matter() {
    for make in [|x: u64| (x % 3) as i64, |_| 5, |x| if x % 100 == 0 { x as i64 } else { 7 }] {
        check(numbers(&[20_000], make).view());
    }
    check(Array::from_iter(0..150_000i64).into_dyn().view());
    check(Array::from_iter((0..20_000i64).rev()).into_dyn().view());
    // All but what the sample is likely to see is far away.
    check(
        Array::from_iter((0..20_000i64).map(|i| if i % 2 == 0 { i } else { i64::MAX - i })).into_dyn().view(),
    );
}

#[test]
fn repeated_elements_count_as_often_as_they_come() {
    for len in [50, 9000] {
        let row = numbers(&[len], |x| x as i64);
        check(row.broadcast(IxDyn(&[3, len])).expect("fits"));
        check(row.mapv(|x| x as i16).broadcast(IxDyn(&[4, len])).expect("fits"));
        check(row.broadcast(IxDyn(&[8, len])).expect("fits"));
    }
}

#[test]
fn a_window_that_misses_says_where_the_rank_is() {
    let keys: Vec<i32> = (0..1000).collect();
    let mut windows = window::join(&[(900, 902)], usize::MAX).expect("memory");
    window::tally(&keys, &mut windows).expect("memory");
    assert_eq!(windows[0].place(500), window::Place::Below);
    let outside = windows[0].outside(Interval::all(1000), true);
    assert_eq!((outside.first, outside.count, outside.ceiling), (0, 900, 900));
}

fn find(data: &[f64], levels: &[f64], method: Method, limit: usize) -> (Vec<[f64; 2]>, u32) {
    let mut finder = Finder::new(levels, method, true, limit).expect("memory");
    loop {
        for chunk in data.chunks(3001) {
            finder.update(chunk.into(), &Work::serial()).expect("memory");
        }
        assert!(finder.pass() < 200);
        if finder.end_pass().expect("the same data") {
            return (finder.found().expect("memory").expect("found"), finder.pass());
        }
    }
}

#[test]
fn passes_find_what_sorting_finds_in_any_memory() {
    let sets: [Vec<f64>; 5] = [
        (0..4_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761)) - 2e9).collect(),
        (0..4_000u32).map(|i| f64::from(i % 3)).collect(),
        (0..4_000u32).map(f64::from).collect(),
        (0..4_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 20).exp2()).collect(),
        (0..4_000u32).map(|i| if i % 7 == 0 { f64::NAN } else { -f64::from(i / 2) }).collect(),
    ];
    let levels = [0.5, 0.25, 0.0, 0.999, 0.26, 1.0];
    for data in &sets {
        let array = ArrayViewD::from_shape(IxDyn(&[data.len()]), data).expect("fits");
        for method in [Method::Linear, Method::InvertedCdf] {
            let expected = naive(&array, &[0], Request { levels: &levels, method, skip_nan: true });
            for (limit, most) in [(2, 200), (20, 60), (300, 12), (2_000, 2), (4_000, 1)] {
                let (found, passes) = find(data, &levels, method, limit);
                assert_eq!(found, expected.pairs, "{limit}");
                assert!(passes <= most, "{passes} passes with {limit} keys");
            }
        }
    }
}

#[test]
fn data_that_change_between_passes_are_an_error() {
    let data: Vec<f64> = (0..1000).map(f64::from).collect();
    let mut finder = Finder::new(&[0.5], Method::Linear, true, 100).expect("memory");
    let work = Work::serial();
    finder.update(data[..].into(), &work).expect("memory");
    assert_eq!(finder.end_pass(), Ok(false));
    finder.update(data[1..].into(), &work).expect("memory");
    assert_eq!(finder.end_pass(), Err(Error::Changed { got: 999, expected: 1000 }));
    finder.update(data[..].into(), &work).expect("memory");
    assert_eq!(finder.end_pass().map(|_| ()), Ok(()));
}

/// The largest error of a rank, as a share.
fn worst_error(sketch: &Sketch, sorted: &[f64]) -> f64 {
    let levels: Vec<f64> = (0..=200).map(|i| f64::from(i) / 200.0).collect();
    let found = sketch.quantiles::<f64>(&levels).expect("memory");
    let n = sorted.len() as f64;
    levels.iter().zip(found).fold(0.0, |worst: f64, (level, x)| {
        let (below, up_to) =
            (sorted.partition_point(|&y| y < x) as f64, sorted.partition_point(|&y| y <= x) as f64);
        let rank = level * n;
        worst.max((below - rank).max(rank - up_to).max(0.0) / n)
    })
}

#[test]
fn a_sketch_is_within_its_bound_and_the_bound_within_the_error() {
    for n in [1usize, 100, 5_000, 40_000] {
        for error in [0.1, 0.01] {
            let data: Vec<f64> = (0..n).map(|i| (i as u32).wrapping_mul(2_654_435_761).into()).collect();
            let mut sorted = data.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let mut whole = Sketch::new(error);
            whole.update(data[..].into(), &Work::serial()).expect("memory");
            let mut merged = Sketch::new(error);
            for part in data.chunks(n.div_ceil(7)) {
                let mut sketch = Sketch::new(error);
                sketch.update(part.into(), &Work::serial()).expect("memory");
                merged.merge(&sketch).expect("memory");
            }
            for sketch in [whole, merged] {
                let summary = sketch.summary();
                assert_eq!(summary.count, n as u64);
                assert!(sketch.bound() <= error, "{n}: {} above {error}", sketch.bound());
                let worst = worst_error(&sketch, &sorted);
                assert!(worst <= sketch.bound() + 1e-12, "{n}: {worst} above {}", sketch.bound());
                let sizes: Vec<usize> = sketch.levels().iter().map(Vec::len).collect();
                let keys = sketch.levels().concat();
                let again = Sketch::with_state(error, summary, &keys, &sizes).expect("memory").expect("one");
                assert_eq!((again.summary(), again.levels()), (summary, sketch.levels()));
                assert!(Sketch::with_state(error, summary, &keys[1..], &sizes).expect("memory").is_none());
            }
        }
    }
}
