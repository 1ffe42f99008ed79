//! Dates and timestamps of ISO 8601 and RFC 3339: `2024-03-01`, `2024-03-01T10:00`, `2024-03-01 10:00:00.25+01:00`.
//!
//! Days are counted by the algorithm of H. Hinnant ("chrono-compatible low-level date algorithms"): a year
//! begins in March, so that the day that some years have is the last.

/// Nanoseconds of a day.
pub const DAY: i128 = 86_400_000_000_000;

/// A point in time as it is written: with a time of day, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds since 1970-01-01, in UTC if the text says how far it is from that.
    pub nanos: i128,
    /// Whether it has a time of day.
    pub has_time: bool,
    /// Whether it says how far it is from UTC.
    pub has_zone: bool,
}

/// The date or timestamp that all of `text` is.
pub fn stamp(text: &[u8]) -> Option<Stamp> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, rest @ ..] = text else { return None };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    let (month, day) = (number(&[*m0, *m1])?, number(&[*d0, *d1])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let midnight = i128::from(days(year, month, day)) * DAY;
    let rest = match rest {
        [] => return Some(Stamp { nanos: midnight, has_time: false, has_zone: false }),
        [b'T' | b't' | b' ', rest @ ..] => rest,
        _ => return None,
    };
    let [h0, h1, b':', n0, n1, rest @ ..] = rest else { return None };
    let (hour, minute) = (number(&[*h0, *h1])?, number(&[*n0, *n1])?);
    let (mut second, mut fraction, mut rest) = (0, 0, rest);
    if let [b':', s0, s1, after @ ..] = rest {
        second = number(&[*s0, *s1])?;
        rest = after;
        if let [b'.' | b',', after @ ..] = rest {
            let count = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if count == 0 || count > 9 {
                return None;
            }
            fraction = number(&after[..count])? * 10_i64.pow(9 - count as u32);
            rest = &after[count..];
        }
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = match rest {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h0, h1, rest @ ..] => {
            let minutes = match rest {
                [] => 0,
                [b':', m0, m1] | [m0, m1] => number(&[*m0, *m1])?,
                _ => return None,
            };
            let seconds = number(&[*h0, *h1])? * 3600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let seconds = (hour * 60 + minute) * 60 + second - offset;
    Some(Stamp {
        nanos: midnight + i128::from(seconds) * 1_000_000_000 + i128::from(fraction),
        has_time: true,
        has_zone: !rest.is_empty(),
    })
}

/// A point in time as ISO 8601 has it, with as many digits of a second as it needs.
pub fn iso(nanos: i128, has_time: bool) -> String {
    let (day, rest) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let (year, month, day) = date(day as i64);
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if has_time {
        let (seconds, fraction) = (rest / 1_000_000_000, rest % 1_000_000_000);
        text += &format!("T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if fraction > 0 {
            text += format!(".{fraction:09}").trim_end_matches('0');
        }
    }
    text
}

fn number(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |value, &digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_is_written_as_it_was_read() {
        let mut expected = days(1899, 12, 31);
        for year in 1900..2304 {
            for month in 1..=12 {
                for day in 1..=days_of(year, month) {
                    expected += 1;
                    let text = format!("{year:04}-{month:02}-{day:02}");
                    let read = Stamp { nanos: i128::from(expected) * DAY, has_time: false, has_zone: false };
                    assert_eq!(stamp(text.as_bytes()), Some(read));
                    assert_eq!(iso(read.nanos, false), text);
                }
            }
        }
        assert_eq!(stamp(b"1970-01-01"), Some(Stamp { nanos: 0, has_time: false, has_zone: false }));
    }

    #[test]
    fn times_of_day_and_offsets() {
        for (text, shown) in [
            ("2024-03-01T10:00", "2024-03-01T10:00:00"),
            ("2024-03-01 10:00:01.250", "2024-03-01T10:00:01.25"),
            ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00"),
            ("2024-03-01T00:30:00-0130", "2024-03-01T02:00:00"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
            ("9999-12-31T23:59:59.999999999", "9999-12-31T23:59:59.999999999"),
        ] {
            let read = stamp(text.as_bytes()).expect(text);
            assert_eq!(iso(read.nanos, read.has_time), shown);
            assert_eq!(read.has_zone, text[11..].contains(['+', '-', 'Z']), "{text}");
        }
        for text in [
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "20240101",
            "2024-01-01T",
            "2024-01-01x",
            "2024-01-01T25:00",
            "2024-01-01T10:00:00.",
            "2024-01-01T10",
            "2024-01-00",
            "",
        ] {
            assert_eq!(stamp(text.as_bytes()), None, "{text}");
        }
    }
}
