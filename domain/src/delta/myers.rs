//! The common subsequence of two sequences by Myers' algorithm ("An O(ND) Difference Algorithm and Its
//! Variations", 1986).

use alloc::vec;
use alloc::vec::Vec;

/// The maximum number of inserted and deleted parts. It bounds the time to `DIFFERENCES_MAX` × parts,
/// and the memory to `DIFFERENCES_MAX`² numbers.
const DIFFERENCES_MAX: usize = 256;

/// The index of diagonal 0 (`x - y`) in a row of furthest points.
const MIDDLE: usize = DIFFERENCES_MAX + 1;

/// The common parts, as pairs of indices; `None` if more than [`DIFFERENCES_MAX`] parts differ.
pub(super) fn common_parts(old: &[&str], new: &[&str]) -> Option<Vec<(usize, usize)>> {
    let rows = furthest_points(old, new)?;
    let (mut x, mut y) = (old.len(), new.len());
    let mut kept = Vec::new();
    for (d, row) in rows.iter().enumerate().rev() {
        let (from, from_x) = predecessor(row, d, MIDDLE + x - y);
        let from_y = from_x + MIDDLE - from;
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            kept.push((x, y));
        }
        (x, y) = (from_x, from_y);
    }
    kept.reverse();
    Some(kept)
}

/// For each number of differences d: the furthest index of the old parts that fewer than d
/// differences reach on each of the diagonals `MIDDLE - d ..= MIDDLE + d`.
fn furthest_points(old: &[&str], new: &[&str]) -> Option<Vec<Vec<usize>>> {
    let mut reached = vec![0; 2 * MIDDLE + 1];
    let mut rows = Vec::new();
    for d in 0..=DIFFERENCES_MAX {
        let row = reached[MIDDLE - d..=MIDDLE + d].to_vec();
        for diagonal in (MIDDLE - d..=MIDDLE + d).step_by(2) {
            let (from, from_x) = predecessor(&row, d, diagonal);
            let mut x = from_x + usize::from(from < diagonal);
            let mut y = x + MIDDLE - diagonal;
            while x < old.len() && old.get(x) == new.get(y) {
                (x, y) = (x + 1, y + 1);
            }
            reached[diagonal] = x;
            if x >= old.len() && y >= new.len() {
                rows.push(row);
                return Some(rows);
            }
        }
        rows.push(row);
    }
    None
}

/// The diagonal from which the d-th difference leads to this one, and its furthest point: the one
/// above if a part was inserted, the one to the left if a part was deleted.
fn predecessor(row: &[usize], d: usize, diagonal: usize) -> (usize, usize) {
    let reached = |diagonal: usize| row.get(diagonal + d - MIDDLE).copied().unwrap_or(0);
    let is_first = diagonal == MIDDLE - d;
    let is_last = diagonal == MIDDLE + d;
    if d == 0 {
        (diagonal, 0)
    } else if is_first || (!is_last && reached(diagonal - 1) < reached(diagonal + 1)) {
        (diagonal + 1, reached(diagonal + 1))
    } else {
        (diagonal - 1, reached(diagonal - 1))
    }
}
