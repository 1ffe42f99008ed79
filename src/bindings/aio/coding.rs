//! The codings of a body: gzip (RFC 1952) and deflate (RFC 1950, or RFC 1951 as some servers send it), one on
//! top of the other as the headers list them. Knows nothing of Python or of the network.
//!
//! A chain of stages, each with the output of the one before as its input. In a step each stage makes at most
//! [`STEP`] bytes: so memory and the time of a step are bounded whatever the data say, and the result does not
//! depend on how the data arrive. No stage takes more input than twice the limit of the body: data that unpack to
//! much and then to nothing are stopped too.

use std::fmt;

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// The most bytes that one step makes.
pub const STEP: usize = 64 << 10;

/// How many codings one body may have.
const MAX_CODINGS: usize = 5;

/// A way of packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// One member or more, padded with zeros.
    Gzip,
    /// A zlib stream, or raw deflate data.
    Deflate,
}

/// What is wrong with a body, or with the names of its codings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A coding that is not known.
    Unknown(String),
    /// More codings than [`MAX_CODINGS`].
    TooMany,
    /// Data that nobody packed like this.
    Data(&'static str),
    /// More than the limit.
    TooLong,
    /// There is no memory for so many bytes.
    Memory(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Unknown(name) => {
                write!(f, "the body has the coding {name:?}, expected gzip, deflate or identity")
            }
            Damage::TooMany => write!(f, "the body has more than {MAX_CODINGS} codings"),
            Damage::Data(what) => write!(f, "the packed body is damaged: {what}"),
            Damage::TooLong => f.write_str("the body is too long"),
            Damage::Memory(bytes) => write!(f, "there is no memory for {bytes} bytes"),
        }
    }
}

/// The codings of a body in the order in which they were put on, from the values of its headers
/// `Content-Encoding` and `Transfer-Encoding`. Of the latter the last is `chunked` or missing: who reads the
/// connection has dealt with it.
pub fn codings<'a>(
    content: impl IntoIterator<Item = &'a [u8]>,
    transfer: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Coding>, Damage> {
    let mut names: Vec<String> = content.into_iter().flat_map(list).collect();
    let mut of_transfer: Vec<String> = transfer.into_iter().flat_map(list).collect();
    if of_transfer.last().is_some_and(|last| last == "chunked") {
        of_transfer.pop();
    }
    names.append(&mut of_transfer);
    let mut found = Vec::new();
    for name in names {
        found.push(match name.as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            _ => return Err(Damage::Unknown(name)),
        });
        if found.len() > MAX_CODINGS {
            return Err(Damage::TooMany);
        }
    }
    Ok(found)
}

/// The names in a list with commas, in small letters.
fn list(value: &[u8]) -> Vec<String> {
    value
        .split(|&byte| byte == b',')
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .collect()
}

/// Takes the codings off a body.
pub struct Decoder {
    /// The outermost coding first.
    stages: Vec<Stage>,
    max_bytes: usize,
}

struct Stage {
    unpack: Unpack,
    /// What the stage before has made; nothing for the first, whose input is the body as it is sent.
    input: Vec<u8>,
    taken: usize,
    /// How much input there was in all.
    total: usize,
    most: usize,
}

impl Decoder {
    /// A decoder of a body that is at most `max_bytes` long.
    pub fn new(codings: &[Coding], max_bytes: usize) -> Self {
        let most = max_bytes.saturating_mul(2).saturating_add(STEP);
        let stage =
            |&coding| Stage { unpack: Unpack::new(coding), input: Vec::new(), taken: 0, total: 0, most };
        Decoder { stages: codings.iter().rev().map(stage).collect(), max_bytes }
    }

    /// Whether the body is what is sent.
    pub fn is_identity(&self) -> bool {
        self.stages.is_empty()
    }

    /// Takes some of `input` and appends some of the body to `body`; whether it did either. `body` grows by at
    /// most [`STEP`] bytes, or by the input where there are no codings.
    pub fn step(&mut self, input: &mut &[u8], body: &mut Vec<u8>) -> Result<bool, Damage> {
        let (start, left) = (body.len(), self.max_bytes - body.len());
        if self.stages.is_empty() {
            if input.len() > left {
                return Err(Damage::TooLong);
            }
            reserve(body, input.len())?;
            body.extend_from_slice(input);
            return Ok(!std::mem::take(input).is_empty());
        }
        // One byte past the limit shows that there is one.
        let room = left.saturating_add(1).min(STEP);
        reserve(body, room)?;
        body.resize(start + room, 0);
        let pulled = pull(&mut self.stages, input, &mut body[start..]);
        let made = pulled.as_ref().map_or(0, |&(made, _)| made);
        body.truncate(start + made.min(left));
        let (_, progress) = pulled?;
        if made > left { Err(Damage::TooLong) } else { Ok(progress) }
    }

    /// Whether the data may end here. Called when no step does anything any more.
    pub fn finish(&self) -> Result<(), Damage> {
        let complete = self.stages.iter().all(|stage| stage.unpack.may_end());
        if complete { Ok(()) } else { Err(Damage::Data("it ends too early")) }
    }
}

/// Runs the last of the stages once, and where it has no input those before it: how much it made, and whether
/// any of them did something.
fn pull(stages: &mut [Stage], input: &mut &[u8], output: &mut [u8]) -> Result<(usize, bool), Damage> {
    let Some((stage, before)) = stages.split_last_mut() else { return Ok((0, false)) };
    let mut progress = false;
    let (used, made);
    if before.is_empty() {
        (used, made) = stage.unpack.run(input, output)?;
        *input = &input[used..];
    } else {
        if stage.taken == stage.input.len() {
            stage.taken = 0;
            stage.input.clear();
            reserve(&mut stage.input, STEP)?;
            stage.input.resize(STEP, 0);
            let pulled = pull(before, input, &mut stage.input);
            stage.input.truncate(pulled.as_ref().map_or(0, |&(made, _)| made));
            progress = pulled?.1;
        }
        (used, made) = stage.unpack.run(&stage.input[stage.taken..], output)?;
        stage.taken += used;
    }
    stage.total += used;
    if stage.total > stage.most {
        return Err(Damage::TooLong);
    }
    Ok((made, progress || used > 0 || made > 0))
}

fn reserve(buffer: &mut Vec<u8>, bytes: usize) -> Result<(), Damage> {
    buffer.try_reserve(bytes).map_err(|_| Damage::Memory(buffer.len().saturating_add(bytes)))
}

/// What takes one coding off.
enum Unpack {
    Gzip(Gzip),
    Deflate(Deflate),
}

impl Unpack {
    fn new(coding: Coding) -> Self {
        match coding {
            Coding::Gzip => Unpack::Gzip(Gzip {
                state: Member::Head(Head::default()),
                members: 0,
                inflate: Decompress::new(false),
                crc: Crc::new(),
            }),
            Coding::Deflate => Unpack::Deflate(Deflate { start: None, inflate: None, ended: false }),
        }
    }

    /// How much of the input was taken, and how much output was made. Input is left only where the output is full.
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Damage> {
        match self {
            Unpack::Gzip(gzip) => gzip.run(input, output),
            Unpack::Deflate(deflate) => deflate.run(input, output),
        }
    }

    fn may_end(&self) -> bool {
        match self {
            // Nothing at all is an empty body.
            Unpack::Gzip(Gzip { state: Member::Head(head), members: 0, .. }) => head.bytes == 0,
            Unpack::Gzip(gzip) => matches!(gzip.state, Member::Padding),
            Unpack::Deflate(deflate) => deflate.ended || deflate.start.is_none() && deflate.inflate.is_none(),
        }
    }
}

/// One or more members, each a header, deflate data, their CRC-32 and length. Zeros between and after them are
/// padding, as for `gzip` and Python.
struct Gzip {
    state: Member,
    /// How many are complete.
    members: usize,
    inflate: Decompress,
    /// Of the data of this member.
    crc: Crc,
}

/// Where in a member the input is.
enum Member {
    Head(Head),
    Data,
    Trailer([u8; 8], usize),
    /// Behind a member: zeros, or the next one.
    Padding,
}

impl Gzip {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Damage> {
        let (mut used, mut made) = (0, 0);
        loop {
            if let Member::Data = self.state {
                let (some, more, ended) = inflate(&mut self.inflate, &input[used..], &mut output[made..])?;
                self.crc.update(&output[made..made + more]);
                (used, made) = (used + some, made + more);
                if ended {
                    self.state = Member::Trailer([0; 8], 0);
                } else if used == input.len() || made == output.len() || some + more == 0 {
                    return Ok((used, made));
                }
                continue;
            }
            let Some(&byte) = input.get(used) else { return Ok((used, made)) };
            used += 1;
            match &mut self.state {
                Member::Head(head) => {
                    if head.take(byte)? {
                        self.inflate.reset(false);
                        self.crc.reset();
                        self.state = Member::Data;
                    }
                }
                Member::Trailer(trailer, len) => {
                    trailer[*len] = byte;
                    *len += 1;
                    if *len == 8 {
                        let [a, b, c, d, e, f, g, h] = *trailer;
                        if u32::from_le_bytes([a, b, c, d]) != self.crc.sum() {
                            return Err(Damage::Data("the CRC of its gzip data is another one"));
                        }
                        if u32::from_le_bytes([e, f, g, h]) != self.crc.amount() {
                            return Err(Damage::Data("the length of its gzip data is another one"));
                        }
                        self.members += 1;
                        self.state = Member::Padding;
                    }
                }
                Member::Padding if byte == 0 => {}
                Member::Padding => {
                    let mut head = Head::default();
                    head.take(byte)?;
                    self.state = Member::Head(head);
                }
                Member::Data => {}
            }
        }
    }
}

/// The header of a member, of which no more is kept than what tells where it ends.
#[derive(Default)]
struct Head {
    bytes: usize,
    flags: u8,
    part: Part,
    /// How much of the part there was, or is left.
    count: usize,
    crc: Crc,
    sum: u16,
}

/// The parts of a header, the first of ten bytes, the others where its flags say so.
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
enum Part {
    #[default]
    Fixed,
    ExtraLength,
    Extra,
    Name,
    Comment,
    Sum,
    End,
}

impl Head {
    const SUM: u8 = 1 << 1;
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;

    /// Whether the byte is the last one.
    fn take(&mut self, byte: u8) -> Result<bool, Damage> {
        let at = self.bytes;
        self.bytes = self.bytes.saturating_add(1);
        if self.part != Part::Sum {
            self.crc.update(&[byte]);
        }
        match self.part {
            Part::Fixed => {
                let right = match at {
                    0 => byte == 0x1f,
                    1 => byte == 0x8b,
                    2 => byte == 8,
                    3 => byte & 0xe0 == 0,
                    _ => true,
                };
                if !right {
                    return Err(Damage::Data("it is no gzip data"));
                }
                if at == 3 {
                    self.flags = byte;
                }
                if at == 9 {
                    self.next();
                }
            }
            Part::ExtraLength => {
                self.sum = self.sum >> 8 | u16::from(byte) << 8;
                self.count += 1;
                if self.count == 2 {
                    self.next();
                    self.count = usize::from(self.sum);
                    if self.count == 0 {
                        self.next();
                    }
                }
            }
            Part::Extra => {
                self.count -= 1;
                if self.count == 0 {
                    self.next();
                }
            }
            Part::Name | Part::Comment => {
                if byte == 0 {
                    self.next();
                }
            }
            Part::Sum => {
                self.sum = self.sum >> 8 | u16::from(byte) << 8;
                self.count += 1;
                if self.count == 2 {
                    if u32::from(self.sum) != self.crc.sum() & 0xffff {
                        return Err(Damage::Data("the CRC of its gzip header is another one"));
                    }
                    self.next();
                }
            }
            Part::End => {}
        }
        Ok(self.part == Part::End)
    }

    /// Goes on to the next part that is there.
    fn next(&mut self) {
        let parts = [
            (Part::ExtraLength, Self::EXTRA),
            (Part::Extra, Self::EXTRA),
            (Part::Name, Self::NAME),
            (Part::Comment, Self::COMMENT),
            (Part::Sum, Self::SUM),
        ];
        let next = parts.iter().find(|(part, flag)| *part > self.part && self.flags & flag != 0);
        self.part = next.map_or(Part::End, |(part, _)| *part);
        self.count = 0;
    }
}

/// A zlib stream or, from servers that took the name at its word, raw deflate data. Its first two bytes tell.
struct Deflate {
    start: Option<u8>,
    inflate: Option<Decompress>,
    ended: bool,
}

impl Deflate {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Damage> {
        let mut used = 0;
        while self.inflate.is_none() {
            let Some(&byte) = input.get(used) else { return Ok((used, 0)) };
            used += 1;
            let Some(first) = self.start.replace(byte) else { continue };
            let zlib = first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, byte]) % 31 == 0;
            let mut stream = Decompress::new(zlib);
            // They make one byte at most, for which there is room, and are needed to end the shortest stream.
            let (_, made, ended) = inflate(&mut stream, &[first, byte], output)?;
            self.inflate = Some(stream);
            self.ended = ended;
            if made > 0 {
                return Ok((used, made));
            }
        }
        match &mut self.inflate {
            Some(stream) if !self.ended => {
                let (some, made, ended) = inflate(stream, &input[used..], output)?;
                self.ended = ended;
                if ended && used + some < input.len() {
                    return Err(Damage::Data("data follow its deflate data"));
                }
                Ok((used + some, made))
            }
            _ if used < input.len() => Err(Damage::Data("data follow its deflate data")),
            _ => Ok((used, 0)),
        }
    }
}

/// How much input was taken, how much output made, and whether the stream has ended.
fn inflate(stream: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<(usize, usize, bool), Damage> {
    let (before, made) = (stream.total_in(), stream.total_out());
    let status = stream.decompress(input, output, FlushDecompress::None);
    let status = status.map_err(|_| Damage::Data("its deflate data make no sense"))?;
    // Differences of at most the lengths of the slices.
    let (used, made) = ((stream.total_in() - before) as usize, (stream.total_out() - made) as usize);
    Ok((used, made, status == Status::StreamEnd))
}
