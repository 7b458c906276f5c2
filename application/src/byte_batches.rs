//! Splits items into batches that are bounded in bytes.

/// Splits items, in their order, into batches of at most `bytes_max` bytes. An item that is larger
/// is a batch of its own.
pub fn split_by_bytes<T>(
    items: impl IntoIterator<Item = T>,
    bytes_max: usize,
    bytes_of: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let more = bytes_of(&item);
        match batches.last_mut() {
            Some(batch) if bytes + more <= bytes_max => {
                bytes += more;
                batch.push(item);
            }
            _ => {
                bytes = more;
                batches.push(vec![item]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch_sizes(items: &[usize]) -> Vec<usize> {
        split_by_bytes(items, 100, |it| **it).iter().map(Vec::len).collect()
    }

    #[test]
    fn small_items_share_a_batch_and_large_ones_do_not() {
        assert_eq!(batch_sizes(&[]), [0; 0]);
        assert_eq!(batch_sizes(&[20; 5]), [5]);
        assert_eq!(batch_sizes(&[40; 5]), [2, 2, 1]);
        assert_eq!(batch_sizes(&[1, 300, 1, 1]), [1, 1, 2]);
        assert_eq!(batch_sizes(&[1_000]), [1]);
    }
}
