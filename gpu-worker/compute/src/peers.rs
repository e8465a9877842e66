//! What one address may take from all others: connections, and checks of wrong signatures.

use std::{
	collections::{hash_map::Entry, HashMap},
	net::{IpAddr, Ipv6Addr},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

/// Wrong signatures of one address that are checked in [`WINDOW`].
const MAX_FAILURES: u32 = 100;
/// After this time they are forgotten.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are remembered at once.
const MAX_PEERS: usize = 10_000;

/// Who is at the other end: an address of IPv4, or a network of IPv6, of which one user has a whole
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer(IpAddr);

impl Peer {
	/// The peer at an address.
	pub(crate) fn of(address: IpAddr) -> Self {
		match address.to_canonical() {
			IpAddr::V6(address) => {
				let network = address.to_bits() & (u128::MAX << 64);
				Self(Ipv6Addr::from_bits(network).into())
			}
			address => Self(address),
		}
	}
}

/// Connections of each peer.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashMap<Peer, usize>>);

impl Connections {
	/// Takes one of `most` places of a peer, if one is free.
	pub(crate) fn enter(self: &Arc<Self>, peer: Peer, most: usize) -> Option<Connected> {
		let mut open = lock(&self.0);
		let count = open.entry(peer).or_default();
		if *count >= most {
			return None;
		}
		*count += 1;
		drop(open);
		Some(Connected(self.clone(), peer))
	}
}

/// A place that is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Connections>, Peer);

impl Drop for Connected {
	fn drop(&mut self) {
		if let Entry::Occupied(mut count) = lock(&self.0 .0).entry(self.1) {
			*count.get_mut() -= 1;
			if *count.get() == 0 {
				count.remove();
			}
		}
	}
}

/// Wrong signatures of each peer, and since when they are counted.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<Peer, (Instant, u32)>>);

impl Failures {
	/// Whether another signature of this peer is checked.
	pub(crate) fn may_try(&self, peer: Peer, now: Instant) -> bool {
		match lock(&self.0).get(&peer) {
			Some((since, count)) => now - *since > WINDOW || *count < MAX_FAILURES,
			None => true,
		}
	}

	/// A signature was wrong.
	pub(crate) fn note(&self, peer: Peer, now: Instant) {
		let mut peers = lock(&self.0);
		if peers.len() >= MAX_PEERS && !peers.contains_key(&peer) {
			peers.retain(|_, (since, _)| now - *since <= WINDOW);
			if peers.len() >= MAX_PEERS {
				return;
			}
		}
		let (since, count) = peers.entry(peer).or_insert((now, 0));
		if now - *since > WINDOW {
			(*since, *count) = (now, 0);
		}
		*count += 1;
	}
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn peer(text: &str) -> Peer {
		Peer::of(text.parse().expect("it is an address"))
	}

	#[test]
	fn peer_should_be_a_network_when_its_address_is_of_ipv6() {
		assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:1"));
		assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
		assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
		assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
	}

	#[test]
	fn connections_should_be_refused_when_one_peer_has_its_share() {
		let connections = Arc::new(Connections::default());
		let held: Vec<_> = (0..3).map(|_| connections.enter(peer("192.0.2.1"), 3)).collect();
		assert!(held.iter().all(Option::is_some));
		assert!(connections.enter(peer("192.0.2.1"), 3).is_none());
		assert!(connections.enter(peer("192.0.2.2"), 3).is_some());
		drop(held);
		assert!(lock(&connections.0).is_empty());
	}

	#[test]
	fn signatures_should_be_refused_when_one_peer_had_too_many_wrong_ones() {
		let failures = Failures::default();
		let now = Instant::now();
		for _ in 0..MAX_FAILURES {
			assert!(failures.may_try(peer("192.0.2.1"), now));
			failures.note(peer("192.0.2.1"), now);
		}
		assert!(!failures.may_try(peer("192.0.2.1"), now));
		assert!(failures.may_try(peer("192.0.2.2"), now));
		let later = now + WINDOW + Duration::from_secs(1);
		assert!(failures.may_try(peer("192.0.2.1"), later));
		failures.note(peer("192.0.2.1"), later);
		assert!(failures.may_try(peer("192.0.2.1"), later));
		for number in 0..2 * MAX_PEERS as u32 {
			failures.note(Peer(IpAddr::V4(number.into())), later);
		}
		assert!(lock(&failures.0).len() <= MAX_PEERS);
	}
}
