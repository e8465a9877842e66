//! Trees of every small size, and what must not verify.

use assay_merkle::{leaf_hash, node_hash, path, path_len, root, verify, Hash, Invalid};
use proptest::prelude::*;

fn leaves(n: u64) -> Vec<Hash> {
	(0..n).map(|index| leaf_hash(index, &index.to_be_bytes())).collect()
}

/// The definition, written as differently as possible: the largest power of two below n leaves goes
/// left, the rest right.
fn root_by_definition(leaves: &[Hash]) -> Hash {
	match leaves {
		[one] => *one,
		many => {
			let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
			node_hash(&root_by_definition(left), &root_by_definition(right))
		}
	}
}

#[test]
fn hashes_should_be_separated_by_domain_and_index() {
	let (left, right) = (leaf_hash(0, b"a"), leaf_hash(1, b"a"));
	assert_ne!(left, right);
	let mut node_as_leaf = Vec::from(&left[7..]);
	node_as_leaf.extend(right);
	let index = u64::from_le_bytes(left[..8].try_into().expect("eight bytes"));
	assert_ne!(leaf_hash(index, &node_as_leaf), node_hash(&left, &right));
}

#[test]
fn leaf_hash_should_be_sha256_of_prefix_index_and_data() {
	use sha2::{Digest, Sha256};
	let plain: Hash = Sha256::digest([&[0][..], &[5, 1, 0, 0, 0, 0, 0, 0], b"xyz"].concat()).into();
	assert_eq!(leaf_hash(261, b"xyz"), plain);
	let plain: Hash = Sha256::digest([&[1][..], &[2; 32], &[3; 32]].concat()).into();
	assert_eq!(node_hash(&[2; 32], &[3; 32]), plain);
}

#[test]
fn root_should_follow_the_definition_for_sizes_up_to_70() {
	assert_eq!(root(&[]), None);
	for n in 1..=70 {
		let leaves = leaves(n);
		assert_eq!(root(&leaves), Some(root_by_definition(&leaves)), "{n} leaves");
	}
}

#[test]
fn roots_should_differ_when_sizes_differ() {
	let roots: std::collections::BTreeSet<_> = (1..=70).map(|n| root(&leaves(n))).collect();
	assert_eq!(roots.len(), 70);
}

#[test]
fn every_leaf_should_verify_at_its_own_index_only_for_sizes_up_to_70() {
	for n in 1..=70 {
		let leaves = leaves(n);
		let root = root(&leaves).expect("not empty");
		for index in 0..n {
			let path = path(&leaves, index).expect("in range");
			assert_eq!(path.len(), path_len(n, index) as usize, "leaf {index} of {n}");
			for other in 0..n + 2 {
				let leaf = leaves[index as usize];
				let verdict = verify(&root, n, other, leaf, &path);
				assert_eq!(verdict.is_ok(), other == index, "leaf {index} of {n} at {other}");
				if other >= n {
					assert_eq!(verdict, Err(Invalid::IndexOutOfRange));
				}
			}
		}
		assert_eq!(path(&leaves, n), None);
		assert_eq!(path_len(n, n), 0);
	}
}

#[test]
fn leaf_should_be_refused_when_the_claimed_leaf_count_has_another_shape() {
	for n in 1..=70u64 {
		let leaves = leaves(n);
		let root = root(&leaves).expect("not empty");
		for index in 0..n {
			let path = path(&leaves, index).expect("in range");
			for claimed in (0..=140).filter(|claimed| *claimed != n) {
				let verdict = verify(&root, claimed, index, leaves[index as usize], &path);
				if index >= claimed {
					assert_eq!(verdict, Err(Invalid::IndexOutOfRange));
				} else if path_len(claimed, index) != path_len(n, index) {
					assert_eq!(verdict, Err(Invalid::PathLength));
				}
			}
			// Whoever claims a leaf more is asked for it sooner or later, and has none to show.
			let invented = leaf_hash(n, &index.to_be_bytes());
			assert!(verify(&root, n + 1, n, invented, &path).is_err());
		}
	}
}

#[test]
fn leaf_should_be_bound_to_its_index_by_its_hash_when_a_count_too_large_fits_its_path() {
	// The path of leaf 1 of 2 has the shape of the path of leaf 2 of 3: only the hash tells them
	// apart.
	let leaves = leaves(2);
	let root = root(&leaves).expect("not empty");
	assert_eq!(verify(&root, 3, 2, leaves[1], &leaves[..1]), Ok(()));
	let data = 1u64.to_be_bytes();
	assert_eq!(verify(&root, 3, 2, leaf_hash(2, &data), &leaves[..1]), Err(Invalid::Root));
}

#[test]
fn carried_leaf_should_have_no_sibling_on_the_levels_it_is_carried() {
	let leaves = leaves(65);
	let path = path(&leaves, 64).expect("in range");
	assert_eq!(path, vec![root_by_definition(&leaves[..64])]);
	assert_eq!(path_len(65, 64), 1);
	assert_eq!(path_len(65, 0), 7);
	assert_eq!(path_len(1, 0), 0);
	assert_eq!(path_len(u64::MAX, 0), 64);
	assert_eq!(path_len(u64::MAX, u64::MAX - 1), 63);
}

#[test]
fn path_should_be_refused_when_it_is_longer_or_shorter() {
	let leaves = leaves(70);
	let root = root(&leaves).expect("not empty");
	let mut siblings = path(&leaves, 9).expect("in range");
	siblings.push([0; 32]);
	assert_eq!(verify(&root, 70, 9, leaves[9], &siblings), Err(Invalid::PathLength));
	siblings.truncate(6);
	assert_eq!(verify(&root, 70, 9, leaves[9], &siblings), Err(Invalid::PathLength));
	assert_eq!(verify(&root, 0, 0, leaves[0], &[]), Err(Invalid::IndexOutOfRange));
}

#[test]
fn root_over_groups_of_a_power_of_two_should_be_the_root_over_all_leaves() {
	for groups in 1..=9u64 {
		let leaves = leaves(groups * 16);
		let group_roots: Vec<_> = leaves.chunks(16).map(|g| root(g).expect("not empty")).collect();
		assert_eq!(root(&group_roots), root(&leaves));
		for index in 0..groups * 16 {
			let (group, within) = (index / 16, index % 16);
			let group_leaves = &leaves[(group * 16) as usize..][..16];
			let mut two_storeys = path(group_leaves, within).expect("in range");
			two_storeys.extend(path(&group_roots, group).expect("in range"));
			assert_eq!(Some(two_storeys), path(&leaves, index));
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

	#[test]
	fn proof_should_be_refused_when_any_bit_is_flipped(
		n in 1u64..300,
		pick in any::<prop::sample::Index>(),
		at in any::<prop::sample::Index>(),
		bit in 0u8..8,
	) {
		let leaves = leaves(n);
		let root = root(&leaves).expect("not empty");
		let index = pick.index(n as usize);
		let path = path(&leaves, index as u64).expect("in range");
		prop_assert_eq!(verify(&root, n, index as u64, leaves[index], &path), Ok(()));

		// Leaf, path and root as one string of bytes, of which one bit is flipped.
		let mut all = vec![leaves[index], root];
		all.extend(&path);
		let byte = at.index(all.len() * 32);
		all[byte / 32][byte % 32] ^= 1 << bit;
		let verdict = verify(&all[1], n, index as u64, all[0], &all[2..]);
		prop_assert_eq!(verdict, Err(Invalid::Root));
	}

	#[test]
	fn verify_should_not_panic_whatever_it_is_given(
		root in any::<[u8; 32]>(),
		leaves in any::<u64>(),
		index in any::<u64>(),
		leaf in any::<[u8; 32]>(),
		path in prop::collection::vec(any::<[u8; 32]>(), 0..70),
	) {
		prop_assert!(verify(&root, leaves, index, leaf, &path).is_err());
		prop_assert!(path_len(leaves, index) <= 64);
	}
}
