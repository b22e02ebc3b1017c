//! Which accesses of several rounds must not meet, when the rounds are made at once.
//! A group of rounds that vectors do has its accesses in another order than the
//! rounds have, one by one. Two accesses may change places if none of them is a
//! store, or if they are at different bytes: whether they are, depends on how far the
//! groups are from each other that they belong to, which is looked at before the
//! loop.

/// An access as the rounds make it, and as vectors do.
pub(super) struct Reordered {
    /// Which group of accesses it belongs to.
    pub group: usize,
    /// Offset from where the group begins in that round, in bytes.
    pub place: i64,
    /// Bytes of an element of the group.
    pub size: i64,
    /// Where it stands in a round.
    pub time: usize,
    /// Which element of a round it is, the lowest first.
    pub element: usize,
    /// 0 for loads; for stores, which of those that a vector is stored by, from 1.
    pub rank: usize,
}

/// How rounds become vectors.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Elements of a round, of each array.
    pub elements: usize,
    /// Whether rounds go from lower addresses to higher ones.
    pub upwards: bool,
    /// Rounds that are made at once.
    pub rounds: usize,
    /// Elements of a vector.
    pub lanes: usize,
}

/// Two groups of accesses, and what the second must not be further than the first:
/// more than `above` and less than `below`, in bytes.
pub(super) struct Forbidden {
    pub groups: [usize; 2],
    pub above: i64,
    pub below: i64,
}

/// What must not meet.
#[derive(Default)]
pub(super) struct Overlaps {
    pub near: Vec<Forbidden>,
    /// Groups that move by different strides: nothing that one of them accesses in all
    /// rounds is accessed by the other.
    pub apart: Vec<[usize; 2]>,
}

impl Shape {
    /// Vectors of so many lanes.
    pub(super) fn new(elements: usize, upwards: bool, lanes: usize) -> Self {
        // Both are as often a multiple of two as the one that is so less often.
        let common = 1 << elements.trailing_zeros().min(lanes.trailing_zeros());
        Self { elements, upwards, rounds: lanes / common, lanes }
    }

    /// What the address of an element of so many bytes grows by each round.
    fn stride(&self, size: i64) -> i64 {
        let stride = self.elements as i64 * size;
        if self.upwards { stride } else { -stride }
    }

    /// Vectors that an element of each round makes, which are made one after another.
    pub(super) fn vectors(&self) -> usize {
        self.rounds * self.elements / self.lanes
    }

    /// Which of these an element of a round is in. They are made in the order in which
    /// the rounds come to them.
    fn vector(&self, round: usize, element: usize) -> usize {
        match self.upwards {
            true => (round * self.elements + element) / self.lanes,
            false => {
                let lowest = (self.rounds - 1 - round) * self.elements;
                self.vectors() - 1 - (lowest + element) / self.lanes
            }
        }
    }
}

/// What is looked at before the loop; none if accesses meet in any case.
pub(super) fn find(accesses: &[Reordered], shape: Shape) -> Option<Overlaps> {
    let mut all = Overlaps::default();
    for store in accesses.iter().filter(|access| access.rank > 0) {
        for other in accesses {
            if store.size != other.size {
                let groups = [store.group.min(other.group), store.group.max(other.group)];
                if !all.apart.contains(&groups) {
                    all.apart.push(groups);
                }
                continue;
            }
            for distance in swapped(store, other, shape) {
                // As far as the first bytes may be from each other.
                let nearest = store.place - other.place - distance;
                let (above, below) = (nearest - store.size, nearest + store.size);
                if store.group != other.group {
                    forbid(&mut all.near, [store.group, other.group], (above, below));
                } else if above < 0 && 0 < below {
                    return None;
                }
            }
        }
    }
    Some(all)
}

/// By how many bytes rounds differ in which a store and another access of elements of
/// the same size change places.
fn swapped(store: &Reordered, other: &Reordered, shape: Shape) -> Vec<i64> {
    let mut found = Vec::new();
    for one in 0..shape.rounds {
        for two in 0..shape.rounds {
            let vectors =
                [(one, store), (two, other)].map(|(round, a)| shape.vector(round, a.element));
            let (mine, others) = ((vectors[0], store.rank), (vectors[1], other.rank));
            let before = (one, store.time) < (two, other.time);
            // Elements that are stored at once are different ones.
            if mine != others && before != (mine < others) {
                let distance = (two as i64 - one as i64) * shape.stride(store.size);
                if !found.contains(&distance) {
                    found.push(distance);
                }
            }
        }
    }
    found
}

/// Adds to what two groups must not be.
fn forbid(all: &mut Vec<Forbidden>, groups: [usize; 2], (above, below): (i64, i64)) {
    let [one, other] = groups;
    let (groups, above, below) = match one < other {
        true => (groups, above, below),
        false => ([other, one], -below, -above),
    };
    match all.iter_mut().find(|known| known.groups == groups) {
        Some(known) => {
            (known.above, known.below) = (known.above.min(above), known.below.max(below));
        }
        None => all.push(Forbidden { groups, above, below }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(group: usize, element: usize, time: usize, rank: usize) -> Reordered {
        Reordered { group, place: 8 * element as i64, size: 8, time, element, rank }
    }

    fn shape(elements: usize, upwards: bool) -> Shape {
        Shape::new(elements, upwards, 2)
    }

    /// The only pair of groups, and the distances that it must not have.
    fn only(accesses: &[Reordered], shape: Shape) -> ([usize; 2], i64, i64) {
        let found = find(accesses, shape).expect("it depends");
        assert!(found.near.len() == 1 && found.apart.is_empty());
        (found.near[0].groups, found.near[0].above, found.near[0].below)
    }

    #[test]
    fn a_load_must_not_be_just_behind_a_store() {
        // What the first of two rounds stores, the second must not load.
        let accesses = [access(0, 0, 0, 0), access(1, 0, 1, 1)];
        assert_eq!(only(&accesses, shape(1, true)), ([0, 1], 0, 16));
        assert_eq!(only(&accesses, shape(1, false)), ([0, 1], -16, 0));
    }

    #[test]
    fn unrolled_rounds_are_the_same() {
        let accesses =
            [access(0, 0, 0, 0), access(1, 0, 1, 1), access(0, 1, 2, 0), access(1, 1, 3, 1)];
        assert_eq!(only(&accesses, shape(2, true)), ([0, 1], 0, 16));
    }

    #[test]
    fn places_that_never_change_are_known() {
        // The element that is loaded is stored after that.
        let accesses = [access(0, 0, 0, 0), access(0, 0, 1, 1)];
        assert!(find(&accesses, shape(1, true)).is_some_and(|found| found.near.is_empty()));
        // The one before it, by the round before.
        let before = Reordered { place: -8, ..access(0, 0, 0, 0) };
        assert!(find(&[before, access(0, 0, 1, 1)], shape(1, true)).is_none());
        // The one after it.
        let after = Reordered { place: 8, ..access(0, 0, 0, 0) };
        assert!(find(&[after, access(0, 0, 1, 1)], shape(1, true)).is_some());
    }

    #[test]
    fn two_stores_keep_their_order() {
        let accesses = [access(0, 0, 0, 1), access(1, 0, 1, 2)];
        assert_eq!(only(&accesses, shape(1, true)), ([0, 1], 0, 16));
    }

    #[test]
    fn groups_of_other_strides_are_apart() {
        let bytes = Reordered { size: 1, ..access(0, 0, 0, 0) };
        let found = find(&[bytes, access(1, 0, 1, 1)], shape(1, true)).expect("it depends");
        assert!(found.near.is_empty());
        assert_eq!(found.apart, [[0, 1]]);
    }
}
