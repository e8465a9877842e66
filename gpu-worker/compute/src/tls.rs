//! TLS without authorities: a worker makes its certificate itself and announces the certificate's
//! hash on chain; a renter accepts that certificate and no other.

use crate::Hash;
use rustls::{
	client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
	crypto::{verify_tls12_signature, verify_tls13_signature, CryptoProvider},
	pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
	ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
};
use std::{
	fs::{self, File},
	io::{self, Write},
	path::Path,
	sync::Arc,
};
use tokio_rustls::TlsAcceptor;

/// File of the certificate and its key: their lengths, 4 bytes each, and their DER. One file, so
/// that one rename puts both in their place.
const FILE: &str = "identity";
/// Name in the certificate. Nobody looks at it.
const NAME: &str = "assay-worker";

/// The cryptography of every connection. Named, because another crate of the program may have a
/// default of its own.
pub(crate) fn provider() -> Arc<CryptoProvider> {
	Arc::new(rustls::crypto::ring::default_provider())
}

/// A worker's certificate and key.
#[derive(Clone)]
pub struct Identity {
	certificate: Hash,
	acceptor: TlsAcceptor,
}

impl Identity {
	/// Reads what is kept in `folder`, or makes it and keeps it there for its owner's eyes only.
	pub fn open(folder: &Path) -> io::Result<Self> {
		let path = folder.join(FILE);
		let (certificate, key) = match fs::read(&path) {
			Ok(bytes) => split(&bytes).ok_or_else(|| {
				io::Error::new(
					io::ErrorKind::InvalidData,
					format!("{} is damaged: delete it, and another one is made", path.display()),
				)
			})?,
			Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path)?,
			Err(error) => return Err(error),
		};
		let hash = Hash::of(&certificate);
		let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
		let config = ServerConfig::builder_with_provider(provider())
			.with_safe_default_protocol_versions()
			.and_then(|config| {
				config
					.with_no_client_auth()
					.with_single_cert(vec![CertificateDer::from(certificate)], key)
			})
			.map_err(io::Error::other)?;
		Ok(Self { certificate: hash, acceptor: Arc::new(config).into() })
	}

	/// SHA-256 of the certificate's DER: what is announced.
	pub fn certificate(&self) -> Hash {
		self.certificate
	}

	pub(crate) fn acceptor(&self) -> &TlsAcceptor {
		&self.acceptor
	}
}

fn split(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
	let part = |bytes: &[u8]| {
		let (length, rest) = bytes.split_first_chunk::<4>()?;
		let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
		let (part, rest) = rest.split_at_checked(length)?;
		Some((part.to_vec(), rest.to_vec()))
	};
	let (certificate, rest) = part(bytes)?;
	let (key, rest) = part(&rest)?;
	rest.is_empty().then_some((certificate, key))
}

fn make(path: &Path) -> io::Result<(Vec<u8>, Vec<u8>)> {
	let made = rcgen::generate_simple_self_signed([NAME.to_string()]).map_err(io::Error::other)?;
	let (certificate, key) = (made.cert.der().to_vec(), made.signing_key.serialize_der());
	let draft = path.with_extension("new");
	let mut options = File::options();
	options.write(true).create(true).truncate(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	let mut file = options.open(&draft)?;
	for part in [&certificate, &key] {
		let length = u32::try_from(part.len()).map_err(io::Error::other)?;
		file.write_all(&length.to_le_bytes())?;
		file.write_all(part)?;
	}
	file.sync_all()?;
	fs::rename(draft, path)?;
	Ok((certificate, key))
}

/// What a renter accepts: one certificate, by its hash.
pub(crate) fn pinned(certificate: Hash) -> Result<ClientConfig, Error> {
	let provider = provider();
	let verifier = Pinned { certificate, provider: provider.clone() };
	let config = ClientConfig::builder_with_provider(provider)
		.with_safe_default_protocol_versions()?
		.dangerous()
		.with_custom_certificate_verifier(Arc::new(verifier));
	Ok(config.with_no_client_auth())
}

/// Accepts one certificate. That the worker has its key is checked as always, by the signature of
/// the handshake.
#[derive(Debug)]
struct Pinned {
	certificate: Hash,
	provider: Arc<CryptoProvider>,
}

/// What is said of a certificate that is another one.
const OTHER_CERTIFICATE: &str = "it is another one than the one announced";

/// Whether an error that was read from a connection is about the worker's certificate. By its text:
/// on its way through an `io::Error` it loses its type.
pub(crate) fn is_about_certificate(error: &str) -> bool {
	error.contains(OTHER_CERTIFICATE) || error.contains("invalid peer certificate")
}

impl ServerCertVerifier for Pinned {
	fn verify_server_cert(
		&self,
		end_entity: &CertificateDer<'_>,
		_: &[CertificateDer<'_>],
		_: &ServerName<'_>,
		_: &[u8],
		_: UnixTime,
	) -> Result<ServerCertVerified, Error> {
		match Hash::of(end_entity) == self.certificate {
			true => Ok(ServerCertVerified::assertion()),
			false => Err(Error::General(OTHER_CERTIFICATE.into())),
		}
	}

	fn verify_tls12_signature(
		&self,
		message: &[u8],
		certificate: &CertificateDer<'_>,
		signed: &DigitallySignedStruct,
	) -> Result<HandshakeSignatureValid, Error> {
		let algorithms = &self.provider.signature_verification_algorithms;
		verify_tls12_signature(message, certificate, signed, algorithms)
	}

	fn verify_tls13_signature(
		&self,
		message: &[u8],
		certificate: &CertificateDer<'_>,
		signed: &DigitallySignedStruct,
	) -> Result<HandshakeSignatureValid, Error> {
		let algorithms = &self.provider.signature_verification_algorithms;
		verify_tls13_signature(message, certificate, signed, algorithms)
	}

	fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
		self.provider.signature_verification_algorithms.supported_schemes()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn identity_should_be_the_same_when_it_is_opened_again() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let first = Identity::open(folder.path()).expect("it is made");
		let again = Identity::open(folder.path()).expect("it is read");
		assert_eq!(first.certificate(), again.certificate());
		let other = tempfile::tempdir().expect("there is a temporary folder");
		let other = Identity::open(other.path()).expect("it is made");
		assert_ne!(first.certificate(), other.certificate());
		#[cfg(unix)]
		{
			use std::os::unix::fs::PermissionsExt;
			let mode = fs::metadata(folder.path().join(FILE)).expect("it is there");
			assert_eq!(mode.permissions().mode() & 0o777, 0o600);
		}
	}

	#[test]
	fn identity_should_be_made_anew_only_when_there_is_none() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		// A process that was killed while it made one has left this.
		fs::write(folder.path().join("identity.new"), b"half").expect("writable");
		Identity::open(folder.path()).expect("it is made");
		let path = folder.path().join(FILE);
		let bytes = fs::read(&path).expect("it is there");
		fs::write(&path, &bytes[..bytes.len() - 1]).expect("writable");
		let error = Identity::open(folder.path()).err().expect("it is damaged");
		assert!(error.to_string().contains("delete it"), "{error}");
	}
}
