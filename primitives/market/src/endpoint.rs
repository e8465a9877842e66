//! Where the API of a worker is, as it may be announced.

/// Most bytes of an address.
pub const MAX_URL: u32 = 128;

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadEndpoint {
	/// It has to begin with `http://` or `https://`.
	Scheme,
	/// No host follows.
	Host,
	/// It is longer than [`MAX_URL`].
	TooLong,
	/// A character that is no part of a plain address: a space, a control character, one that is not
	/// ASCII, or one of `@?#\`.
	Character,
	/// Only an address with `https://` has a certificate.
	Certificate,
}

impl core::fmt::Display for BadEndpoint {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Scheme => "it has to begin with http:// or https://",
			Self::Host => "it names no host",
			Self::TooLong => "it has more than 128 bytes",
			Self::Character => "it has a character that is no part of a plain address",
			Self::Certificate => "it has to begin with https://, as there is a certificate",
		})
	}
}

/// Whether a worker may announce this address, with the hash of its certificate if it has one.
///
/// # Errors
/// What is wrong with it.
pub fn check(url: &[u8], certificate: Option<&[u8; 32]>) -> Result<(), BadEndpoint> {
	if u32::try_from(url.len()).unwrap_or(u32::MAX) > MAX_URL {
		return Err(BadEndpoint::TooLong);
	}
	let secure = url.strip_prefix(b"https://");
	let rest = secure.or_else(|| url.strip_prefix(b"http://")).ok_or(BadEndpoint::Scheme)?;
	if !rest.iter().all(|byte| byte.is_ascii_graphic() && !b"@?#\\".contains(byte)) {
		return Err(BadEndpoint::Character);
	}
	if rest.first().is_none_or(|byte| b"/:".contains(byte)) {
		return Err(BadEndpoint::Host);
	}
	if certificate.is_some() && secure.is_none() {
		return Err(BadEndpoint::Certificate);
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn address_should_be_taken_when_it_is_plain() {
		for url in ["http://x", "http://192.0.2.1:9640", "http://[2001:db8::1]:1/assay"] {
			assert_eq!(check(url.as_bytes(), None), Ok(()), "{url}");
		}
		assert_eq!(check(b"https://x", None), Ok(()));
		assert_eq!(check(b"https://x", Some(&[1; 32])), Ok(()));
	}

	#[test]
	fn m10_address_should_be_refused_when_it_is_anything_else() {
		use BadEndpoint::*;
		let long = [b"http://".as_slice(), &[b'x'; 122]].concat();
		for (url, wrong) in [
			(b"".as_slice(), Scheme),
			(b"ftp://x", Scheme),
			(b"x.example:9640", Scheme),
			(b"HTTP://x", Scheme),
			(b"http://", Host),
			(b"https:///x", Host),
			(b"http://:9640", Host),
			(b"http://user@x", Character),
			(b"http://x/?y", Character),
			(b"http://x/#y", Character),
			(b"http://x y", Character),
			(b"http://x\n", Character),
			("http://é".as_bytes(), Character),
			(&long, TooLong),
		] {
			assert_eq!(check(url, None), Err(wrong), "{}", url.escape_ascii());
		}
		assert_eq!(check(&long[..128], None), Ok(()));
		assert_eq!(check(b"http://x", Some(&[1; 32])), Err(Certificate));
	}
}
