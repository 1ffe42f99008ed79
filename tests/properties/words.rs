//! Words of any bytes: those of a naive count, however the text is cut.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use rust_numpy_example::error::Result;
use rust_numpy_example::kernels::words::{Options, ShortText, Tokenizer, Words, count, count_file};
use rust_numpy_example::parallel::Work;
use unicode_segmentation::UnicodeSegmentation;

type Counted = Vec<(Vec<u8>, u64, u64)>;

/// What counts a text in pieces is asked to cut it here, but for the first.
const CHUNKS: [usize; 4] = [1 << 20, 1, 7, 40];

/// Checks the text after the first byte, which says how it is counted.
pub fn check(data: &[u8]) {
    let Some((&mode, text)) = data.split_first() else { return };
    let tokenizer = if mode & 1 == 0 { Tokenizer::Whitespace } else { Tokenizer::Unicode };
    let lowercase = mode & 2 == 0;
    let options = Options { tokenizer, lowercase, validate: true, ngrams: 1 };
    let work = Work::with_threads(1 + usize::from(mode >> 6));
    let counted = collect(count(&work, text, options));
    let Ok(expected) = std::str::from_utf8(text).map(|text| naive(text, tokenizer, lowercase)) else {
        assert!(counted.is_err(), "bytes that are not UTF-8");
        return;
    };
    assert_eq!(counted.as_ref(), Ok(&expected));
    let unchecked = Options { validate: false, ..options };
    assert_eq!(collect(count(&work, text, unchecked)), counted);
    if let Some(few) = ShortText::count(text, options) {
        let few: Counted = few.iter().map(|word| (word.bytes.to_vec(), word.count, word.first)).collect();
        assert_eq!(few, expected);
    }
    let path = temporary();
    fs::write(&path, text).expect("a temporary file");
    let chunk = CHUNKS[usize::from(mode >> 2 & 3)];
    let read = count_file(&work, &path, options, chunk, None);
    fs::remove_file(&path).expect("it was just written");
    assert_eq!(collect(read), counted, "read by {chunk} bytes");
}

fn temporary() -> PathBuf {
    let name = format!("rust_numpy_example-{}-{:?}", std::process::id(), std::thread::current().id());
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(name)
}

fn collect(words: Result<Words>) -> std::result::Result<Counted, String> {
    let words = words.map_err(|error| format!("{error:?}"))?;
    Ok(words.iter().map(|word| (word.bytes.to_vec(), word.count, word.first)).collect())
}

/// White space as Python has it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn naive(text: &str, tokenizer: Tokenizer, lowercase: bool) -> Counted {
    let words: Vec<(usize, &str)> = match tokenizer {
        Tokenizer::Whitespace => {
            let start = text.as_ptr().addr();
            text.split(is_space)
                .filter(|word| !word.is_empty())
                .map(|word| (word.as_ptr().addr() - start, word))
                .collect()
        }
        Tokenizer::Unicode => text.unicode_word_indices().collect(),
    };
    let mut places = HashMap::new();
    let mut counted = Counted::new();
    for (first, word) in words {
        let mut word = word.as_bytes().to_vec();
        if lowercase {
            word.make_ascii_lowercase();
        }
        let place = *places.entry(word.clone()).or_insert(counted.len());
        if place == counted.len() {
            counted.push((word, 0, first as u64));
        }
        counted[place].1 += 1;
    }
    counted
}
