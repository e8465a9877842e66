//! SHA-256 hashes: the names of blobs.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::{fmt, io, str::FromStr};

/// A SHA-256 hash, written as 64 lower-case hexadecimal digits.
///
/// It is the only thing from outside that ever becomes part of a path, and no other text parses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 lower-case hexadecimal digits")]
pub struct NotAHash;

impl Hash {
	/// The hash of `data`.
	pub fn of(data: &[u8]) -> Self {
		Self(Sha256::digest(data).into())
	}

	/// The hash and the length of everything that `reader` holds.
	pub fn of_reader(reader: &mut impl io::Read) -> io::Result<(Self, u64)> {
		let mut hasher = Sha256::new();
		let mut chunk = vec![0; 1 << 18];
		let mut total = 0u64;
		loop {
			let read = match reader.read(&mut chunk) {
				Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
				read => read?,
			};
			if read == 0 {
				return Ok((Self(hasher.finalize().into()), total));
			}
			hasher.update(&chunk[..read]);
			total += read as u64;
		}
	}
}

impl fmt::Display for Hash {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&hex::encode(self.0))
	}
}

impl fmt::Debug for Hash {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl FromStr for Hash {
	type Err = NotAHash;

	fn from_str(text: &str) -> Result<Self, NotAHash> {
		if text.len() != 64 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
			return Err(NotAHash);
		}
		let mut bytes = [0; 32];
		hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAHash)?;
		Ok(Self(bytes))
	}
}

impl Serialize for Hash {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(self)
	}
}

impl<'de> Deserialize<'de> for Hash {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
		text.parse().map_err(serde::de::Error::custom)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn hash_should_be_refused_when_it_is_anything_but_64_lower_case_digits() {
		let good = "ab".repeat(32);
		assert_eq!(good.parse::<Hash>().map(|hash| hash.to_string()), Ok(good.clone()));
		let path = format!("../{}", "a".repeat(61));
		let slash = format!("{}/{}", "a".repeat(31), "a".repeat(32));
		for bad in ["", "..", "a", &good.to_uppercase(), &good[1..], &path, &slash, "é"] {
			assert_eq!(bad.parse::<Hash>(), Err(NotAHash), "{bad}");
		}
	}

	#[test]
	fn reader_should_hash_to_the_same_when_it_is_read_in_pieces() {
		let data = vec![7u8; 600_000];
		let read = Hash::of_reader(&mut &data[..]).ok();
		assert_eq!(read, Some((Hash::of(&data), 600_000)));
	}
}
