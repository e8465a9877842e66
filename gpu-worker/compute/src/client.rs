//! The renter's side: signs, uploads, submits, follows and downloads, and goes on where a lost
//! connection has left off.

use crate::{
	api::{UPLOAD_LENGTH, UPLOAD_OFFSET},
	auth::{header, Claim, Signer, NONCE_BYTES},
	blobs::MAX_CHUNK,
	jobs::{now_ms, JobId, JobResult, Line, View},
	manifest::Manifest,
	tls, Hash,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
	client::legacy::{connect::HttpConnector, Client as Http},
	rt::TokioExecutor,
};
use serde::{de::DeserializeOwned, Deserialize};
use std::{
	error::Error as _,
	io::{self, Read, Seek, SeekFrom},
	iter::successors,
	path::Path,
	sync::Arc,
	time::Duration,
};
use tokio::io::AsyncWriteExt;

/// How long a signed request is valid.
const VALID_MS: u64 = 60_000;
/// How long the worker has for the head of an answer, and then for each piece of it.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How often a lost connection is tried again without any progress in between.
const TRIES: u32 = 8;

/// Why a request has failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
	/// The worker could not be reached, or the connection broke, again and again.
	#[error("the worker cannot be reached: {0}")]
	Connection(String),
	/// The worker presents a certificate that is not to be trusted.
	#[error("the worker's certificate is not to be trusted: {0}")]
	Certificate(String),
	/// The worker refused.
	#[error("{message}")]
	Refused {
		/// HTTP status.
		status: u16,
		/// Stable code.
		code: String,
		/// In words.
		message: String,
		/// What to do about it.
		fix: String,
	},
	/// A file of this machine.
	#[error("a file cannot be used: {0}")]
	File(#[from] io::Error),
	/// The worker answered what it should not.
	#[error("the worker's answer makes no sense: {0}")]
	Answer(String),
}

impl ClientError {
	/// What to do about it.
	pub fn fix(&self) -> &str {
		match self {
			Self::Connection(_) => "check the address and the network, then run the same again",
			Self::Certificate(_) => {
				"somebody may be between you and the worker; if the worker was moved, wait until it \
				 has announced its certificate"
			}
			Self::Refused { fix, .. } => fix,
			Self::File(_) => "check the path, its permissions and the free space",
			Self::Answer(_) => "update this program, or tell the provider",
		}
	}

	/// Whether trying the same again may help.
	fn is_passing(&self) -> bool {
		match self {
			Self::Connection(_) => true,
			Self::Refused { code, .. } => {
				["busy", "busy-blob", "too-many-requests", "no-chain"].contains(&code.as_str())
			}
			_ => false,
		}
	}
}

/// A renter's connection to the worker of a lease.
pub struct Client {
	base: String,
	genesis: [u8; 32],
	lease: u64,
	signer: Arc<dyn Signer>,
	http: Http<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

#[derive(Deserialize)]
struct Refusal {
	code: String,
	message: String,
	fix: String,
}

impl Client {
	/// A client of the worker at `base`, as in `https://192.0.2.1:9640`, which has to present the
	/// certificate with that hash; without one, the system's authorities vouch for `https`.
	pub fn new(
		base: &str,
		certificate: Option<Hash>,
		genesis: [u8; 32],
		lease: u64,
		signer: Arc<dyn Signer>,
	) -> Result<Self, ClientError> {
		let builder = HttpsConnectorBuilder::new();
		let builder = match certificate {
			Some(hash) => builder.with_tls_config(tls::pinned(hash).map_err(io::Error::other)?),
			// Nobody has this certificate, and nothing will ask for it.
			None if base.starts_with("http://") => {
				builder.with_tls_config(tls::pinned(Hash([0; 32])).map_err(io::Error::other)?)
			}
			None => builder.with_provider_and_native_roots(tls::provider())?,
		};
		let http = Http::builder(TokioExecutor::new())
			.build(builder.https_or_http().enable_http1().build());
		Ok(Self { base: base.trim_end_matches('/').into(), genesis, lease, signer, http })
	}

	/// Sends one signed request; an answer that is an error becomes one.
	async fn send(
		&self,
		method: &str,
		path: &str,
		headers: &[(&str, String)],
		body: Bytes,
		nonce: [u8; NONCE_BYTES],
	) -> Result<Response<Incoming>, ClientError> {
		let (lease, expires_ms) = (self.lease, now_ms() + VALID_MS);
		let claim = Claim { lease, method, path, body: Hash::of(&body), nonce, expires_ms };
		let signature = self.signer.sign(claim.message(&self.genesis).as_bytes());
		let mut request = Request::builder()
			.method(method)
			.uri(format!("{}{path}", self.base))
			.header(header::LEASE, lease)
			.header(header::KEY, hex::encode(self.signer.public()))
			.header(header::NONCE, hex::encode(nonce))
			.header(header::EXPIRES, expires_ms)
			.header(header::SIGNATURE, hex::encode(signature))
			.header(header::CONTENT, claim.body.to_string());
		for (name, value) in headers {
			request = request.header(*name, value);
		}
		let request = request.body(Full::new(body));
		let request = request.map_err(|error| ClientError::Connection(error.to_string()))?;
		let answer = tokio::time::timeout(ANSWER_LIMIT, self.http.request(request)).await;
		let late = |_| ClientError::Connection("it did not answer in time".into());
		let broken = |error: hyper_util::client::legacy::Error| {
			let causes =
				successors(error.source(), |cause: &&dyn std::error::Error| (*cause).source());
			let text: Vec<_> = causes.map(ToString::to_string).collect();
			match text.iter().find(|cause| tls::is_about_certificate(cause)) {
				Some(cause) => ClientError::Certificate(cause.clone()),
				None => ClientError::Connection(format!("{error}: {}", text.join(": "))),
			}
		};
		let response = answer.map_err(late)?.map_err(broken)?;
		let status = response.status();
		// HEAD has no body to read an error from, and its 404 is an answer.
		if status.is_success() || method == "HEAD" {
			return Ok(response);
		}
		let offset = response.headers().get(UPLOAD_OFFSET).cloned();
		let body = read(response).await?;
		let refusal = serde_json::from_slice(&body).unwrap_or_else(|_| Refusal {
			code: "unknown".into(),
			message: format!("the worker answered {status}"),
			fix: "update this program, or tell the provider".into(),
		});
		let Refusal { code, mut message, fix } = refusal;
		if let Some(offset) = offset.as_ref().and_then(|offset| offset.to_str().ok()) {
			message = format!("{message} (at byte {offset})");
		}
		Err(ClientError::Refused { status: status.as_u16(), code, message, fix })
	}

	/// [`Client::send`] with a new nonce for each try, until it works or it cannot.
	async fn insist(
		&self,
		method: &str,
		path: &str,
		headers: &[(&str, String)],
		body: Bytes,
	) -> Result<Response<Incoming>, ClientError> {
		let mut tries = 0;
		loop {
			match self.send(method, path, headers, body.clone(), nonce()?).await {
				Err(error) if error.is_passing() && tries < TRIES => wait(&mut tries).await,
				result => return result,
			}
		}
	}

	async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
		let mut tries = 0;
		loop {
			let response = self.insist("GET", path, &[], Bytes::new()).await?;
			match read(response).await {
				Err(error) if error.is_passing() && tries < TRIES => wait(&mut tries).await,
				Err(error) => return Err(error),
				Ok(body) => return parse(&body),
			}
		}
	}

	/// What the lease allows and what of it is taken.
	pub async fn lease(&self) -> Result<serde_json::Value, ClientError> {
		self.get("/lease").await
	}

	/// Where the upload of a blob continues; `None` when it is complete.
	async fn missing(&self, hash: &Hash) -> Result<Option<u64>, ClientError> {
		let response = self.insist("HEAD", &format!("/blobs/{hash}"), &[], Bytes::new()).await?;
		let offset = response.headers().get(UPLOAD_OFFSET);
		match response.status() {
			StatusCode::OK => Ok(None),
			StatusCode::NOT_FOUND => {
				Ok(Some(offset.and_then(|offset| offset.to_str().ok()?.parse().ok()).unwrap_or(0)))
			}
			other => Err(ClientError::Answer(format!("HEAD of a blob gave {other}"))),
		}
	}

	/// Uploads what `reader` holds unless it is there; `progress` gets bytes done and in all.
	pub async fn upload(
		&self,
		reader: &mut (impl Read + Seek + Send),
		mut progress: impl FnMut(u64, u64),
	) -> Result<Hash, ClientError> {
		reader.rewind()?;
		let (hash, size) = Hash::of_reader(reader)?;
		let path = format!("/blobs/{hash}");
		let mut tries = 0;
		while let Some(offset) = self.missing(&hash).await? {
			let mut offset = offset.min(size);
			loop {
				progress(offset, size);
				reader.seek(SeekFrom::Start(offset))?;
				let mut chunk = Vec::new();
				reader.by_ref().take(MAX_CHUNK as u64).read_to_end(&mut chunk)?;
				let length = chunk.len() as u64;
				let headers =
					[(UPLOAD_OFFSET, offset.to_string()), (UPLOAD_LENGTH, size.to_string())];
				match self.send("PUT", &path, &headers, chunk.into(), nonce()?).await {
					Ok(_) => {
						tries = 0;
						offset += length;
					}
					Err(ClientError::Refused { code, .. }) if code == "offset" && tries < TRIES => {
						wait(&mut tries).await;
						break;
					}
					Err(error) if error.is_passing() && tries < TRIES => {
						wait(&mut tries).await;
						break;
					}
					Err(error) => return Err(error),
				}
				if offset >= size {
					break;
				}
			}
		}
		progress(size, size);
		Ok(hash)
	}

	/// Uploads every file that a template names and returns the manifest: a template is a manifest
	/// with `{"file": "path"}`, relative to `folder`, in place of blobs and sources.
	pub async fn resolve(
		&self,
		mut template: serde_json::Value,
		folder: &Path,
		mut progress: impl FnMut(&str, u64, u64),
	) -> Result<Manifest, ClientError> {
		let mut places = vec!["/shader".to_string()];
		let buffers = template["buffers"].as_array().map_or(0, Vec::len);
		places.extend((0..buffers).map(|index| format!("/buffers/{index}/init")));
		for place in places {
			let Some(value) = template.pointer_mut(&place) else { continue };
			let Some(name) = value["file"].as_str().map(str::to_owned) else { continue };
			let mut file = std::fs::File::open(folder.join(&name))
				.map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
			let hash = self.upload(&mut file, |done, all| progress(&name, done, all)).await?;
			*value = serde_json::json!({ "blob": hash });
		}
		serde_json::from_value(template).map_err(|error| {
			let error = format!("the template is not of the schema: {error}");
			ClientError::File(io::Error::new(io::ErrorKind::InvalidData, error))
		})
	}

	/// Submits a job once, however often the connection breaks.
	pub async fn submit(&self, manifest: &Manifest) -> Result<View, ClientError> {
		let body = serde_json::to_vec(manifest);
		let body = Bytes::from(body.map_err(|error| ClientError::Answer(error.to_string()))?);
		let mut tries = 0;
		loop {
			let nonce = nonce()?;
			let sent = match self.send("POST", "/jobs", &[], body.clone(), nonce).await {
				Ok(response) => read(response).await.and_then(|body| parse(&body)),
				Err(error) => Err(error),
			};
			match sent {
				Err(ClientError::Connection(_)) if tries < TRIES => {
					wait(&mut tries).await;
					// It may have arrived although its answer did not.
					match self.job(&JobId::of(&nonce, &Hash::of(&body))).await {
						Err(ClientError::Refused { status: 404, .. }) => {}
						known => return known,
					}
				}
				Err(error) if error.is_passing() && tries < TRIES => wait(&mut tries).await,
				result => return result,
			}
		}
	}

	/// All jobs of the lease, the newest first.
	pub async fn jobs(&self) -> Result<Vec<View>, ClientError> {
		#[derive(Deserialize)]
		struct Jobs {
			jobs: Vec<View>,
		}
		Ok(self.get::<Jobs>("/jobs").await?.jobs)
	}

	/// Where a job stands.
	pub async fn job(&self, id: &JobId) -> Result<View, ClientError> {
		self.get(&format!("/jobs/{id}")).await
	}

	/// Ends a job.
	pub async fn cancel(&self, id: &JobId) -> Result<View, ClientError> {
		let response = self.insist("DELETE", &format!("/jobs/{id}"), &[], Bytes::new()).await?;
		parse(&read(response).await?)
	}

	/// What a finished job has brought.
	pub async fn result(&self, id: &JobId) -> Result<JobResult, ClientError> {
		self.get(&format!("/jobs/{id}/result")).await
	}

	/// What happened to a job.
	pub async fn logs(&self, id: &JobId) -> Result<Vec<Line>, ClientError> {
		#[derive(Deserialize)]
		struct Lines {
			lines: Vec<Line>,
		}
		Ok(self.get::<Lines>(&format!("/jobs/{id}/logs")).await?.lines)
	}

	/// Follows a job until it has ended; `changed` sees every change that arrives.
	pub async fn follow(
		&self,
		id: &JobId,
		mut changed: impl FnMut(&View),
	) -> Result<View, ClientError> {
		let path = format!("/jobs/{id}/events");
		let mut tries = 0;
		loop {
			let mut stream = self.insist("GET", &path, &[], Bytes::new()).await?.into_body();
			let mut text = Vec::new();
			// Whatever ends the stream too early, the next one starts with the state of the day.
			while let Ok(Some(Ok(frame))) = tokio::time::timeout(ANSWER_LIMIT, stream.frame()).await
			{
				text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
				while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
					let line: Vec<u8> = text.drain(..=end).collect();
					let Some(data) = line.strip_prefix(b"data:") else { continue };
					let view: View = parse(data)?;
					tries = 0;
					changed(&view);
					if view.state.is_final() {
						return Ok(view);
					}
				}
			}
			if tries >= TRIES {
				return Err(ClientError::Connection("the stream of events broke off".into()));
			}
			wait(&mut tries).await;
		}
	}

	/// Downloads a blob to `path`, continuing what an earlier try has left in `path.part`.
	pub async fn download(
		&self,
		hash: &Hash,
		path: &Path,
		mut progress: impl FnMut(u64),
	) -> Result<(), ClientError> {
		let mut part = path.as_os_str().to_owned();
		part.push(".part");
		let part = Path::new(&part);
		let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(part).await?;
		let mut have = file.metadata().await?.len();
		let mut tries = 0;
		loop {
			let range = [("range", format!("bytes={have}-"))];
			let sent = self.insist("GET", &format!("/blobs/{hash}"), &range, Bytes::new()).await;
			let response = match sent {
				// Everything is there, or the blob is empty.
				Err(ClientError::Refused { status: 416, .. }) => break,
				sent => sent?,
			};
			let whole = response.status() == StatusCode::OK;
			if whole && have > 0 {
				return Err(ClientError::Answer("the worker ignores ranges".into()));
			}
			let mut body = response.into_body();
			let complete = loop {
				match tokio::time::timeout(ANSWER_LIMIT, body.frame()).await {
					Ok(None) => break true,
					Ok(Some(Ok(frame))) => {
						let Some(data) = frame.data_ref() else { continue };
						file.write_all(data).await?;
						have += data.len() as u64;
						tries = 0;
						progress(have);
					}
					Ok(Some(Err(_))) | Err(_) => break false,
				}
			};
			if complete {
				break;
			}
			if tries >= TRIES {
				return Err(ClientError::Connection("the download broke off".into()));
			}
			wait(&mut tries).await;
		}
		file.sync_all().await?;
		drop(file);
		let found = {
			let part = part.to_owned();
			let read = move || Hash::of_reader(&mut std::fs::File::open(part)?);
			tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??.0
		};
		if found != *hash {
			tokio::fs::remove_file(part).await?;
			return Err(ClientError::Answer(format!("the blob {hash} came as {found}")));
		}
		Ok(tokio::fs::rename(part, path).await?)
	}
}

async fn read(response: Response<Incoming>) -> Result<Bytes, ClientError> {
	let collected = tokio::time::timeout(ANSWER_LIMIT, response.into_body().collect()).await;
	let late = |_| ClientError::Connection("the answer stopped coming".into());
	let body = collected.map_err(late)?;
	Ok(body.map_err(|error| ClientError::Connection(error.to_string()))?.to_bytes())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
	serde_json::from_slice(body).map_err(|error| ClientError::Answer(error.to_string()))
}

fn nonce() -> Result<[u8; NONCE_BYTES], ClientError> {
	let mut nonce = [0; NONCE_BYTES];
	getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
	Ok(nonce)
}

/// Waits longer with each try.
async fn wait(tries: &mut u32) {
	tokio::time::sleep(Duration::from_millis(100 << (*tries).min(5))).await;
	*tries += 1;
}
