//! The FNV-1a hash: stable across processes and versions, unlike the hashers of `std`.

/// FNV-1a with 32 bits.
pub fn fnv1a_32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes
        .into_iter()
        .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// FNV-1a with 64 bits.
pub fn fnv1a_64(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The test vectors of the authors, http://www.isthe.com/chongo/src/fnv/test_fnv.c.
    #[test]
    fn hashes_equal_the_published_test_vectors() {
        let cases = [
            ("", 0x811c_9dc5, 0xcbf2_9ce4_8422_2325),
            ("a", 0xe40c_292c, 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0xbf9c_f968, 0x8594_4171_f739_67e8),
        ];
        for (text, hash_32, hash_64) in cases {
            assert_eq!(fnv1a_32(text.bytes()), hash_32, "{text:?}");
            assert_eq!(fnv1a_64(text.bytes()), hash_64, "{text:?}");
        }
    }
}
