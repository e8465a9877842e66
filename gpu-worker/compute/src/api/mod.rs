//! The HTTP API of a worker's leases. `docs/openapi.json` describes it and is served.

mod blobs;
mod error;
mod jobs;
mod serve;

pub use serve::{serve, Limits};

use crate::{
	auth::{header, verify, AuthError, Claim, MAX_AHEAD_MS, NONCE_BYTES},
	jobs::{now_ms, Host, Room},
	lease::{Lease, LeaseInfo},
	peers::Peer,
	sandbox, Hash,
};
use axum::{
	body::Body,
	extract::{Request, State},
	http::{header as http_header, HeaderMap},
	middleware::{from_fn_with_state, Next},
	response::{IntoResponse, Response},
	routing::{get, MethodRouter},
	Extension, Json, Router,
};
use bytes::Bytes;
use error::ApiError;
use http_body_util::BodyExt;
use serde_json::json;
use std::{
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Header of an upload: where its chunk starts; in answers: where it continues.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// Header of an upload: bytes of the whole blob.
pub const UPLOAD_LENGTH: &str = "upload-length";
/// Longest manifest in bytes.
pub const MAX_MANIFEST: usize = 1 << 20;
/// How long a request waits for its turn among those of its lease.
const TURN_LIMIT: Duration = Duration::from_secs(15);
/// How long a client may pause within a body.
const PAUSE_LIMIT: Duration = Duration::from_secs(10);
/// How long a body may take.
const BODY_LIMIT: Duration = Duration::from_secs(60);
/// The description of the API.
pub const OPENAPI: &str = include_str!("../../docs/openapi.json");

/// What anybody may ask.
const PUBLIC: &[&str] = &["/health", "/openapi.json"];

/// Every path with its methods.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<Host>>)> {
	vec![
		("/health", get(health)),
		("/openapi.json", get(openapi)),
		("/lease", get(lease)),
		("/blobs", get(blobs::list)),
		(
			"/blobs/{hash}",
			get(blobs::download).head(blobs::head).put(blobs::upload).delete(blobs::delete),
		),
		("/jobs", get(jobs::list).post(jobs::submit)),
		("/jobs/{id}", get(jobs::show).delete(jobs::cancel)),
		("/jobs/{id}/events", get(jobs::events)),
		("/jobs/{id}/result", get(jobs::result)),
		("/jobs/{id}/logs", get(jobs::logs)),
	]
}

/// The API over `host`.
pub fn router(host: Arc<Host>) -> Router {
	let mut router = Router::new();
	for (path, methods) in routes() {
		router = router.route(path, methods);
	}
	router
		.fallback(|| async { ApiError::not_found("path") })
		.layer(from_fn_with_state(host.clone(), authorise))
		.with_state(host)
}

/// Who asks, after the signature was checked.
#[derive(Clone)]
struct Caller {
	host: Arc<Host>,
	room: Arc<Room>,
	info: LeaseInfo,
	body: Hash,
	nonce: [u8; NONCE_BYTES],
	/// Held until the answer is sent, also by a body that is still being read.
	permit: Arc<OwnedSemaphorePermit>,
}

impl Caller {
	/// Whether the lease is still active and opened by the key that has signed.
	fn may_go_on(&self) -> bool {
		let lease = self.host.lease(self.room.id);
		matches!(lease, Lease::Active(info) if info.access == self.info.access)
	}
}

/// Lets through what is public or signed by the access key of an active lease.
async fn authorise(
	State(host): State<Arc<Host>>,
	mut request: Request,
	next: Next,
) -> Result<Response, ApiError> {
	if PUBLIC.contains(&request.uri().path()) {
		return Ok(next.run(request).await);
	}
	let (lease, claimed) = read_claim(request.headers())?;
	let now = now_ms();
	if claimed.expires_ms < now {
		return Err(AuthError::Expired.into());
	}
	if claimed.expires_ms - now > MAX_AHEAD_MS {
		return Err(AuthError::TooFarAhead.into());
	}
	let info = match host.lease(lease) {
		Lease::Active(info) if info.access == claimed.key => info,
		Lease::Unknown => return Err(AuthError::NoChain.into()),
		_ => return Err(AuthError::NotYours.into()),
	};
	let storage_bytes = info.storage_bytes;
	let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
	let (body, nonce, expires_ms) = (claimed.body, claimed.nonce, claimed.expires_ms);
	let claim = Claim { lease, method: request.method().as_str(), path, body, nonce, expires_ms };
	let peer = request.extensions().get::<Peer>().copied();
	if peer.is_some_and(|peer| !host.failures.may_try(peer, Instant::now())) {
		return Err(AuthError::TooManyWrong.into());
	}
	if !verify(&claimed.key, &claim.message(host.genesis()), &claimed.signature) {
		if let Some(peer) = peer {
			host.failures.note(peer, Instant::now());
		}
		return Err(AuthError::Signature.into());
	}
	let (runtime, keeper) = (tokio::runtime::Handle::current(), host.clone());
	let room = blocking(move || {
		// Jobs that are found in the folder start on it.
		let _entered = runtime.enter();
		keeper.nonces.use_once(lease, nonce, expires_ms, now)?;
		keeper.room(lease, Some(storage_bytes)).map_err(ApiError::storage)
	});
	let room = room.await?;
	let permit = Arc::new(turn(&room.requests).await?);
	request.extensions_mut().insert(Caller { host, room, info, body, nonce, permit });
	Ok(next.run(request).await)
}

/// Waits for one of a number of places.
async fn turn(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ApiError> {
	match tokio::time::timeout(TURN_LIMIT, places.clone().acquire_owned()).await {
		Ok(Ok(permit)) => Ok(permit),
		_ => Err(ApiError::busy()),
	}
}

/// The headers of a signed request.
struct Claimed {
	key: [u8; 32],
	nonce: [u8; NONCE_BYTES],
	expires_ms: u64,
	signature: [u8; 64],
	body: Hash,
}

fn read_claim(headers: &HeaderMap) -> Result<(u64, Claimed), AuthError> {
	fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, AuthError> {
		let mut values = headers.get_all(name).iter();
		let value = values.next().and_then(|value| value.to_str().ok());
		// A second value could be what somebody in between has read instead.
		value.filter(|_| values.next().is_none()).ok_or(AuthError::Header(name))
	}
	fn bytes<const N: usize>(
		headers: &HeaderMap,
		name: &'static str,
	) -> Result<[u8; N], AuthError> {
		let mut bytes = [0; N];
		let text = text(headers, name)?;
		let text = text.strip_prefix("0x").unwrap_or(text);
		hex::decode_to_slice(text, &mut bytes).map_err(|_| AuthError::Header(name))?;
		Ok(bytes)
	}
	fn number(headers: &HeaderMap, name: &'static str) -> Result<u64, AuthError> {
		text(headers, name)?.parse().map_err(|_| AuthError::Header(name))
	}
	let claimed = Claimed {
		key: bytes(headers, header::KEY)?,
		nonce: bytes(headers, header::NONCE)?,
		expires_ms: number(headers, header::EXPIRES)?,
		signature: bytes(headers, header::SIGNATURE)?,
		body: Hash(bytes(headers, header::CONTENT)?),
	};
	Ok((number(headers, header::LEASE)?, claimed))
}

/// A body and the places that it takes as long as it is in memory.
type Received = (Bytes, [OwnedSemaphorePermit; 2]);

/// The whole body of at most `most` bytes, which is the one that was signed.
async fn read_body(caller: &Caller, body: Body, most: usize) -> Result<Received, ApiError> {
	// First among those of the lease, so that one lease cannot take all places.
	let places = [turn(&caller.room.bodies).await?, turn(&caller.host.bodies).await?];
	let read = async {
		let mut body = body;
		let mut whole = Vec::new();
		loop {
			let frame = tokio::time::timeout(PAUSE_LIMIT, body.frame()).await;
			let frame = frame.map_err(|_| ApiError::slow_body("the body stopped coming"))?;
			let Some(frame) = frame else { return Ok(Bytes::from(whole)) };
			let frame = frame.map_err(|_| ApiError::body("the body broke off"))?;
			let Ok(data) = frame.into_data() else { continue };
			if whole.len() + data.len() > most {
				return Err(ApiError::body(format!("the body has more than {most} bytes")));
			}
			whole.extend_from_slice(&data);
		}
	};
	let whole: Bytes = tokio::time::timeout(BODY_LIMIT, read)
		.await
		.map_err(|_| ApiError::slow_body("the body came too slowly"))??;
	let found = Hash::of(&whole);
	match found == caller.body {
		true => Ok((whole, places)),
		false => Err(ApiError::other_body(found)),
	}
}

/// Runs what blocks on a thread for that.
async fn blocking<T: Send + 'static>(
	work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
	tokio::task::spawn_blocking(work).await.map_err(ApiError::storage)?
}

async fn health() -> impl IntoResponse {
	Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

async fn openapi() -> impl IntoResponse {
	([(http_header::CONTENT_TYPE, "application/json")], OPENAPI)
}

/// What the lease allows and what of it is taken.
async fn lease(State(host): State<Arc<Host>>, Extension(caller): Extension<Caller>) -> Response {
	let (used, total) = caller.room.blobs.usage();
	let devices = caller.info.devices.iter().filter_map(|index| host.device(*index));
	let devices = devices.map(|device| {
		json!({
			"index": device.index,
			"name": device.adapter.name,
			"cpu": device.adapter.cpu,
			"dispatch_ms": device.caps.dispatch_ms,
			"compile_ms": device.caps.compile_ms,
			"memory_bytes": device.caps.memory_bytes.min(caller.info.memory_bytes),
			"job_seconds": device.caps.seconds.min(caller.info.job_seconds),
		})
	});
	let open = caller.room.list().iter().filter(|view| !view.state.is_final()).count();
	Json(json!({
		"lease": caller.room.id,
		"until_block": caller.info.until_block,
		"landlock": sandbox::landlock(),
		"devices": devices.collect::<Vec<_>>(),
		"storage_bytes": { "used": used, "total": total },
		"jobs": { "open": open, "most": caller.info.open_jobs },
	}))
	.into_response()
}

#[cfg(test)]
mod tests {
	use super::*;
	use axum::http::Method;

	#[test]
	fn openapi_should_list_every_route_when_compared_with_the_router() {
		let document: serde_json::Value = serde_json::from_str(OPENAPI).expect("it is JSON");
		let described = document["paths"].as_object().expect("it has paths");
		let paths: Vec<_> = routes().iter().map(|(path, _)| *path).collect();
		assert_eq!(described.len(), paths.len());
		for (path, methods) in routes() {
			let operations = described[path].as_object().expect(path);
			for method in [Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE] {
				let name = method.as_str().to_lowercase();
				let text = format!("{methods:?}");
				let routed = text.contains(&format!("{name}: BoxedHandler"))
					|| text.contains(&format!("{name}: Route"));
				assert_eq!(operations.contains_key(&name), routed, "{name} {path}");
			}
		}
	}
}
