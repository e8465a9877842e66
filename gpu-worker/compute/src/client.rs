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
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
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
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};
use tokio::io::AsyncWriteExt;

/// How long a signed request is valid.
const VALID_MS: u64 = 60_000;
/// How long the worker has for the head of an answer, and then for each piece of it.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How long it is tried to reach a worker that has never answered.
const FIRST_PATIENCE: Duration = Duration::from_secs(12);
/// How long it is tried to reach one that has, without any progress in between: long enough for it
/// to be started anew.
const PATIENCE: Duration = Duration::from_secs(300);
/// Longest answer in bytes that is held in memory: a list of a thousand failures in many words.
const MAX_ANSWER: usize = 64 << 20;
/// Longest line of a stream of events in bytes: one job, with a failure in many words.
const MAX_LINE: usize = 256 << 10;
/// Shortest chunk in bytes to which a slow connection brings an upload.
const MIN_CHUNK: usize = 64 << 10;

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
				const PASSING: &[&str] = &[
					"busy",
					"busy-blob",
					"too-many-requests",
					"too-many-failures",
					"no-chain",
					"slow-body",
				];
				PASSING.contains(&code.as_str())
			}
			_ => false,
		}
	}

	/// Whether less at once may help.
	fn is_slowness(&self) -> bool {
		match self {
			Self::Connection(_) => true,
			Self::Refused { code, .. } => code == "slow-body",
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
	answer_limit: Duration,
	/// Whether the worker has ever answered.
	reached: AtomicBool,
}

/// Trying again, for as long as there is hope.
struct Retry<'a> {
	client: &'a Client,
	since: Instant,
	tries: u32,
}

impl Retry<'_> {
	/// Something has worked.
	fn progress(&mut self) {
		(self.since, self.tries) = (Instant::now(), 0);
	}

	/// Waits before the next try, longer each time; fails where none will help.
	async fn after(&mut self, error: ClientError) -> Result<(), ClientError> {
		if !error.is_passing() || self.since.elapsed() > self.client.patience() {
			return Err(error);
		}
		if self.tries == 3 {
			// The worker may have chosen its words: quoted, they play no tricks on a terminal.
			tracing::warn!(error = ?error.to_string(), "trying again");
		}
		tokio::time::sleep(Duration::from_millis(100 << self.tries.min(6))).await;
		self.tries += 1;
		Ok(())
	}
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
		let base = base.trim_end_matches('/').into();
		let (answer_limit, reached) = (ANSWER_LIMIT, AtomicBool::new(false));
		Ok(Self { base, genesis, lease, signer, http, answer_limit, reached })
	}

	/// The same with another time for the head of an answer, and for each piece of it.
	pub fn with_answer_limit(self, answer_limit: Duration) -> Self {
		Self { answer_limit, ..self }
	}

	/// Where the worker is.
	pub fn address(&self) -> &str {
		&self.base
	}

	/// How long it is tried without any progress.
	fn patience(&self) -> Duration {
		match self.reached.load(Ordering::Relaxed) {
			true => PATIENCE,
			false => FIRST_PATIENCE,
		}
	}

	fn retry(&self) -> Retry<'_> {
		Retry { client: self, since: Instant::now(), tries: 0 }
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
		let answer = tokio::time::timeout(self.answer_limit, self.http.request(request)).await;
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
		self.reached.store(true, Ordering::Relaxed);
		let status = response.status();
		// HEAD has no body to read an error from, and its 404 is an answer.
		if status.is_success() || method == "HEAD" {
			return Ok(response);
		}
		let offset = response.headers().get(UPLOAD_OFFSET).cloned();
		let body = self.read(response).await?;
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
		let mut retry = self.retry();
		loop {
			match self.send(method, path, headers, body.clone(), nonce()?).await {
				Err(error) => retry.after(error).await?,
				answer => return answer,
			}
		}
	}

	async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
		let mut retry = self.retry();
		loop {
			let response = self.insist("GET", path, &[], Bytes::new()).await?;
			match self.read(response).await {
				Err(error) => retry.after(error).await?,
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

	/// Uploads what `reader` holds unless it is there; `progress` gets bytes done and in all. What a
	/// connection is too slow for is sent in smaller chunks.
	pub async fn upload(
		&self,
		reader: &mut (impl Read + Seek + Send),
		mut progress: impl FnMut(u64, u64),
	) -> Result<Hash, ClientError> {
		reader.rewind()?;
		let (hash, size) = Hash::of_reader(reader)?;
		let path = format!("/blobs/{hash}");
		let mut retry = self.retry();
		let mut most = MAX_CHUNK;
		while let Some(offset) = self.missing(&hash).await? {
			let mut offset = offset.min(size);
			loop {
				progress(offset, size);
				reader.seek(SeekFrom::Start(offset))?;
				let mut chunk = Vec::new();
				reader.by_ref().take(most as u64).read_to_end(&mut chunk)?;
				let length = chunk.len() as u64;
				let headers =
					[(UPLOAD_OFFSET, offset.to_string()), (UPLOAD_LENGTH, size.to_string())];
				match self.send("PUT", &path, &headers, chunk.into(), nonce()?).await {
					Ok(_) => {
						retry.progress();
						offset += length;
					}
					Err(ClientError::Refused { code, .. }) if code == "offset" => {
						let moved = ClientError::Connection("another upload is in the way".into());
						retry.after(moved).await?;
						break;
					}
					Err(error) => {
						if error.is_slowness() {
							most = (most / 2).max(MIN_CHUNK);
						}
						retry.after(error).await?;
						break;
					}
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
		let mut retry = self.retry();
		loop {
			let nonce = nonce()?;
			let sent = match self.send("POST", "/jobs", &[], body.clone(), nonce).await {
				Ok(response) => self.read(response).await.and_then(|body| parse(&body)),
				Err(error) => Err(error),
			};
			let error = match sent {
				Ok(view) => return Ok(view),
				Err(error) => error,
			};
			let lost = matches!(error, ClientError::Connection(_));
			retry.after(error).await?;
			if lost {
				// It may have arrived although its answer did not.
				match self.job(&JobId::of(&nonce, &Hash::of(&body))).await {
					Err(ClientError::Refused { status: 404, .. }) => {}
					known => return known,
				}
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
		parse(&self.read(response).await?)
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
		let mut retry = self.retry();
		loop {
			let mut stream = self.insist("GET", &path, &[], Bytes::new()).await?.into_body();
			let mut text = Vec::new();
			// Whatever ends the stream too early, the next one starts with the state of the day.
			while let Ok(Some(Ok(frame))) =
				tokio::time::timeout(self.answer_limit, stream.frame()).await
			{
				text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
				while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
					let line: Vec<u8> = text.drain(..=end).collect();
					let Some(data) = line.strip_prefix(b"data:") else { continue };
					let view: View = parse(data)?;
					retry.progress();
					changed(&view);
					if view.state.is_final() {
						return Ok(view);
					}
				}
				if text.len() > MAX_LINE {
					return Err(ClientError::Answer("an event is too long".into()));
				}
			}
			let broken = ClientError::Connection("the stream of events broke off".into());
			retry.after(broken).await?;
		}
	}

	/// Downloads a blob of `size` bytes to `path`, continuing what an earlier try has left beside it in
	/// a file that is named for the blob, too. Never writes more.
	pub async fn download(
		&self,
		hash: &Hash,
		size: u64,
		path: &Path,
		mut progress: impl FnMut(u64),
	) -> Result<(), ClientError> {
		let part = &part_of(path, hash);
		let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(part).await?;
		let mut have = file.metadata().await?.len();
		let mut retry = self.retry();
		while have < size {
			let range = [("range", format!("bytes={have}-"))];
			let response =
				self.insist("GET", &format!("/blobs/{hash}"), &range, Bytes::new()).await?;
			if response.status() == StatusCode::OK && have > 0 {
				return Err(ClientError::Answer("the worker ignores ranges".into()));
			}
			let mut body = response.into_body();
			while let Ok(Some(Ok(frame))) =
				tokio::time::timeout(self.answer_limit, body.frame()).await
			{
				let Some(data) = frame.data_ref() else { continue };
				have += data.len() as u64;
				if have > size {
					tokio::fs::remove_file(part).await?;
					let message = format!("the blob {hash} has more than {size} bytes");
					return Err(ClientError::Answer(message));
				}
				file.write_all(data).await?;
				retry.progress();
				progress(have);
			}
			if have < size {
				let broken = ClientError::Connection("the download broke off".into());
				retry.after(broken).await?;
			}
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

	async fn read(&self, response: Response<Incoming>) -> Result<Bytes, ClientError> {
		let body = Limited::new(response.into_body(), MAX_ANSWER);
		let collected = tokio::time::timeout(self.answer_limit, body.collect());
		let late = |_| ClientError::Connection("the answer stopped coming".into());
		let body =
			collected.await.map_err(late)?.map_err(|error| match error.is::<LengthLimitError>() {
				true => ClientError::Answer(format!("it has more than {MAX_ANSWER} bytes")),
				false => ClientError::Connection(error.to_string()),
			});
		Ok(body?.to_bytes())
	}
}

/// Where a download to `path` grows: what another blob has left there is not continued.
pub fn part_of(path: &Path, hash: &Hash) -> PathBuf {
	let mut part = path.as_os_str().to_owned();
	part.push(format!(".{}.part", &hash.to_string()[..16]));
	part.into()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
	serde_json::from_slice(body).map_err(|error| ClientError::Answer(error.to_string()))
}

fn nonce() -> Result<[u8; NONCE_BYTES], ClientError> {
	let mut nonce = [0; NONCE_BYTES];
	getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
	Ok(nonce)
}
