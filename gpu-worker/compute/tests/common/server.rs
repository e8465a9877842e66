//! A worker's API in this process, and raw signed requests to it.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "a part of a test program")]

use crate::common::{cpu, launcher, CAPS};
use assay_compute::{
	api,
	auth::{header, Claim, Signer, Sr25519},
	client::Client,
	jobs::{now_ms, Config, DeviceConfig, Host},
	lease::{Lease, LeaseInfo, Leases},
	tls::Identity,
	Hash,
};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, Request, StatusCode};
use hyper_util::{client::legacy::Client as Http, rt::TokioExecutor};
use serde_json::{json, Value};
use std::{
	collections::HashMap,
	net::SocketAddr,
	path::Path,
	sync::{Arc, Mutex},
};

pub const GENESIS: [u8; 32] = [7; 32];

#[derive(Default)]
pub struct Chain(pub Mutex<HashMap<u64, Lease>>);

impl Leases for Chain {
	fn lease(&self, id: u64) -> Lease {
		self.0.lock().expect("no panic").get(&id).cloned().unwrap_or(Lease::Ended)
	}
}

pub fn signer(number: u8) -> Arc<dyn Signer> {
	Arc::new(Sr25519::from_seed(&[number; 32]).expect("any seed is a key"))
}

pub fn info(number: u8) -> LeaseInfo {
	LeaseInfo {
		access: signer(number).public(),
		devices: vec![0],
		until_block: 1_000,
		storage_bytes: 64 << 20,
		memory_bytes: 32 << 20,
		job_seconds: 60,
		open_jobs: 4,
	}
}

pub struct Server {
	pub address: SocketAddr,
	pub host: Arc<Host>,
	pub chain: Arc<Chain>,
	pub identity: Option<Identity>,
}

impl Server {
	/// Leases 1 and 2 belong to signers 1 and 2.
	pub async fn start(folder: &Path) -> Self {
		Self::start_with(folder, None).await
	}

	/// Over TLS if there is an identity.
	pub async fn start_with(folder: &Path, identity: Option<Identity>) -> Self {
		let limits = api::Limits {
			header_time: std::time::Duration::from_secs(3),
			..api::Limits::default()
		};
		Self::start_limited(folder, identity, limits, 0).await
	}

	/// With other bounds on connections and another floor of the disk.
	pub async fn start_limited(
		folder: &Path,
		identity: Option<Identity>,
		limits: api::Limits,
		disk_floor: u64,
	) -> Self {
		let chain = Arc::new(Chain::default());
		for number in [1, 2] {
			let lease = Lease::Active(info(number));
			chain.0.lock().expect("no panic").insert(number.into(), lease);
		}
		let devices = vec![DeviceConfig { index: 0, adapter: cpu(), caps: CAPS }];
		let folder = folder.into();
		let config = Config { folder, genesis: GENESIS, launcher: launcher(), devices, disk_floor };
		let host = Host::open(config, chain.clone()).expect("the host opens");
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
		let address = listener.local_addr().expect("it listens");
		tokio::spawn(api::serve(
			listener,
			api::router(host.clone()),
			limits,
			identity.clone(),
			std::future::pending(),
		));
		Self { address, host, chain, identity }
	}

	pub fn base(&self) -> String {
		let scheme = if self.identity.is_some() { "https" } else { "http" };
		format!("{scheme}://{}", self.address)
	}

	pub fn client(&self, number: u8) -> Client {
		let certificate = self.identity.as_ref().map(Identity::certificate);
		self.client_of(&self.base(), certificate, number)
	}

	pub fn client_of(&self, base: &str, certificate: Option<Hash>, number: u8) -> Client {
		Client::new(base, certificate, GENESIS, number.into(), signer(number))
			.expect("it is an address")
	}

	pub fn raw(&self, number: u8) -> Raw {
		Raw::new(&self.base(), number)
	}
}

/// A request that can be wrong in any way.
#[derive(Clone)]
pub struct Raw {
	pub base: String,
	pub genesis: [u8; 32],
	pub lease: u64,
	pub signer: Arc<dyn Signer>,
	pub nonce: Option<[u8; 16]>,
	pub expires_ms: Option<u64>,
	pub claimed_body: Option<Hash>,
	pub wrapped: bool,
	pub http: Http<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>,
}

pub struct Answer {
	pub status: StatusCode,
	pub headers: hyper::HeaderMap,
	pub body: Bytes,
}

impl Answer {
	pub fn json(&self) -> Value {
		serde_json::from_slice(&self.body).unwrap_or(Value::Null)
	}

	pub fn code(&self) -> String {
		self.json()["code"].as_str().unwrap_or_default().to_string()
	}
}

impl Raw {
	pub fn new(base: &str, number: u8) -> Self {
		Self {
			base: base.into(),
			genesis: GENESIS,
			lease: number.into(),
			signer: signer(number),
			nonce: None,
			expires_ms: None,
			claimed_body: None,
			wrapped: false,
			http: Http::builder(TokioExecutor::new()).build_http(),
		}
	}

	pub fn headers(&self, method: &str, path: &str, body: &[u8]) -> Vec<(&'static str, String)> {
		let mut nonce = [0; 16];
		getrandom::fill(&mut nonce).expect("there is randomness");
		let claim = Claim {
			lease: self.lease,
			method,
			path,
			body: self.claimed_body.unwrap_or_else(|| Hash::of(body)),
			nonce: self.nonce.unwrap_or(nonce),
			expires_ms: self.expires_ms.unwrap_or_else(|| now_ms() + 60_000),
		};
		let mut message = claim.message(&self.genesis);
		if self.wrapped {
			message = format!("<Bytes>{message}</Bytes>");
		}
		vec![
			(header::LEASE, claim.lease.to_string()),
			(header::KEY, hex::encode(self.signer.public())),
			(header::NONCE, hex::encode(claim.nonce)),
			(header::EXPIRES, claim.expires_ms.to_string()),
			(header::SIGNATURE, hex::encode(self.signer.sign(message.as_bytes()))),
			(header::CONTENT, claim.body.to_string()),
		]
	}

	/// Sends it and checks the answer against the published description.
	pub async fn send(
		&self,
		method: &str,
		path: &str,
		extra: &[(&str, &str)],
		body: &[u8],
	) -> Answer {
		let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
		for (name, value) in self.headers(method, path, body) {
			request = request.header(name, value);
		}
		for (name, value) in extra {
			request = request.header(*name, *value);
		}
		let request = request.body(Full::new(Bytes::copy_from_slice(body))).expect("it is valid");
		let response = self.http.request(request).await.expect("the server answers");
		let (parts, body) = response.into_parts();
		let body = body.collect().await.expect("the body comes").to_bytes();
		let answer = Answer { status: parts.status, headers: parts.headers, body };
		check(method, path, &answer);
		answer
	}

	pub async fn get(&self, path: &str) -> Answer {
		self.send("GET", path, &[], b"").await
	}
}

/// Fails unless the answer is one that `docs/openapi.json` describes.
fn check(method: &str, path: &str, answer: &Answer) {
	let document: Value = serde_json::from_str(api::OPENAPI).expect("it is JSON");
	let path = path.split('?').next().unwrap_or_default();
	let fits = |template: &str| {
		let (mut parts, mut given) = (template.split('/'), path.split('/'));
		loop {
			match (parts.next(), given.next()) {
				(None, None) => return true,
				(Some(part), Some(text)) if part == text || part.starts_with('{') => {}
				_ => return false,
			}
		}
	};
	let paths = document["paths"].as_object().expect("it has paths");
	let Some((_, operations)) = paths.iter().find(|(template, _)| fits(template)) else { return };
	let operation = &operations[method.to_lowercase()];
	if operation.is_null() {
		return;
	}
	let response = &operation["responses"][answer.status.as_str()];
	assert!(response.is_object(), "{method} {path} answered {}, undescribed", answer.status);
	let schema = &response["content"]["application/json"]["schema"];
	if schema.is_object() && method != "HEAD" {
		let whole = json!({ "allOf": [schema], "components": document["components"] });
		let validator = jsonschema::validator_for(&whole).expect("it is a schema");
		let body = answer.json();
		let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
		assert!(errors.is_empty(), "{method} {path}: {errors:?} in {body}");
	}
}
