//! Hexadecimal encoding of bytes.

/// Encodes bytes as lower-case digits, two a byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Decodes exactly `LENGTH` bytes, from digits of either case.
#[must_use]
pub fn decode<const LENGTH: usize>(digits: &str) -> Option<[u8; LENGTH]> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    let half = |digit: u8| u8::try_from(char::from(digit).to_digit(16)?).ok();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(half(*high)? << 4 | half(*low)?)).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_reverses_encoding() {
        assert_eq!(encode(&[0x00, 0x9a, 0xff]), "009aff");
        assert_eq!(decode("009aff"), Some([0x00, 0x9a, 0xff]));
        assert_eq!(decode("009AFF"), Some([0x00, 0x9a, 0xff]));
    }

    #[test]
    fn a_wrong_length_or_digit_is_not_decoded() {
        for digits in ["", "00", "0000000", "00000", "00000g", "0000 0", "é0000", "+1+1+1"] {
            assert_eq!(decode::<3>(digits), None, "{digits}");
        }
    }
}
