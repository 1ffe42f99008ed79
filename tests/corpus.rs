//! What the fuzzers of `fuzz/` have found worth keeping, checked once more; in a source
//! distribution, which has no corpus, only the first inputs.

use std::path::Path;

#[cfg(feature = "net")]
#[path = "properties/http.rs"]
mod http;
#[path = "properties/image.rs"]
mod image;
#[cfg(feature = "python")]
#[path = "properties/json.rs"]
mod json;
#[path = "properties/table.rs"]
mod table;
#[path = "properties/words.rs"]
mod words;

fn replay(name: &str, first: &[u8], check: impl Fn(&[u8])) {
    check(first);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files {
        let path = file.expect("an entry").path();
        check(&std::fs::read(&path).expect("a file"));
    }
}

#[test]
fn words_hold() {
    replay("words", b"\0The cat the dog", words::check);
}

#[test]
fn tables_hold() {
    replay("table", b"\0\x03a,b\n1,2\n", table::check);
}

#[test]
fn images_hold() {
    replay("image", &[0, 0, 20, 30, 0, 0, 1, 3, 20, 16, 16, 64], image::check);
}

#[cfg(feature = "python")]
#[test]
fn json_holds() {
    replay("json", b"{\"name\": \"Ada\", \"age\": 36}", json::check);
}

#[cfg(feature = "net")]
#[test]
fn http_holds() {
    replay(
        "http",
        b"\x07HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        http::check,
    );
}
