//! Whole numbers, however a client's JSON writes them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// Largest number up to which all whole ones can be written with a fraction: 2^53.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Reads a whole number, also one that is written as `7.0`.
///
/// The type `integer` of JSON Schema includes it, and clients write it whose language has one kind
/// of numbers. For `#[serde(deserialize_with = "hornero::whole")]`.
///
/// # Errors
///
/// Whatever is no whole number, or one with a fraction beyond 2^53.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_i64(Whole)
}

/// Does the same where there may be none.
///
/// For `#[serde(default, deserialize_with = "hornero::optional_whole")]`.
///
/// # Errors
///
/// As [`whole`].
pub fn optional_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Number(i64);

    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            whole(deserializer).map(Self)
        }
    }
    Ok(Option::<Number>::deserialize(deserializer)?.map(|it| it.0))
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        let odd = || Error::invalid_value(Unexpected::Unsigned(number), &self);
        i64::try_from(number).map_err(|_| odd())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() != 0.0 || number.abs() > MOST {
            return Err(Error::invalid_value(Unexpected::Float(number), &self));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and not too large")]
        Ok(number as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Seen {
        #[serde(deserialize_with = "whole")]
        seq: i64,
        #[serde(default, deserialize_with = "optional_whole")]
        last: Option<i64>,
    }

    fn seen(text: &str) -> Option<Seen> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn whole_numbers_are_read_in_either_form() {
        for (text, seq, last) in [
            (r#"{"seq":7}"#, 7, None),
            (r#"{"seq":7.0,"last":null}"#, 7, None),
            (r#"{"seq":-1e3,"last":3.0}"#, -1_000, Some(3)),
            (r#"{"seq":9223372036854775807,"last":-0.0}"#, i64::MAX, Some(0)),
        ] {
            assert_eq!(seen(text), Some(Seen { seq, last }), "{text}");
        }
    }

    #[test]
    fn all_else_is_refused_as_before() {
        for wrong in
            ["7.5", "1e300", "9223372036854775808", "9007199254740994.0", "\"7\"", "true", "[7]"]
        {
            assert_eq!(seen(&format!(r#"{{"seq":{wrong}}}"#)), None, "{wrong}");
            assert_eq!(seen(&format!(r#"{{"seq":7,"last":{wrong}}}"#)), None, "{wrong}");
        }
        assert_eq!((seen(r#"{"seq":null}"#), seen("{}")), (None, None));
        let told = serde_json::from_str::<Seen>(r#"{"seq":7.5}"#).unwrap_err().to_string();
        assert_eq!(crate::parse::expected(&told), Some("a whole number"), "{told}");
    }
}
