//! `/blobs`: upload in chunks, download in ranges.

use super::{blocking, error::ApiError, read_body, Caller, UPLOAD_LENGTH, UPLOAD_OFFSET};
use crate::{
	blobs::{Status, MAX_CHUNK},
	Hash,
};
use axum::{
	body::Body,
	extract::{Path, Request},
	http::{header, HeaderMap, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Extension, Json,
};
use bytes::Bytes;
use futures::{stream, StreamExt};
use serde_json::json;
use std::{
	io::{self, SeekFrom},
	time::Duration,
};
use tokio::{
	fs::File,
	io::{AsyncReadExt, AsyncSeekExt, Take},
	sync::mpsc::{self, error::SendTimeoutError},
};
use tokio_util::io::ReaderStream;

/// Bytes that are read from a file at once.
const READ: usize = 1 << 20;
/// How often it is looked whether a client that does not read on may still do so.
const LOOK: Duration = Duration::from_secs(1);

fn hash(text: &str) -> Result<Hash, ApiError> {
	text.parse().map_err(|_| ApiError::not_found("blob: its name is 64 hexadecimal digits"))
}

fn describe(hash: Hash, status: Status) -> serde_json::Value {
	json!({
		"hash": hash,
		"size": status.size,
		"received": status.received,
		"complete": status.complete,
	})
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<u64, ApiError> {
	let value = headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
	value.ok_or_else(|| ApiError::header(format!("the header {name} is missing or no number")))
}

pub(super) async fn list(Extension(caller): Extension<Caller>) -> Response {
	let blobs = caller.room.blobs.list();
	let blobs: Vec<_> = blobs.into_iter().map(|(hash, status)| describe(hash, status)).collect();
	Json(json!({ "blobs": blobs })).into_response()
}

/// One chunk; the blob is there when its last has come.
pub(super) async fn upload(
	Extension(caller): Extension<Caller>,
	Path(name): Path<String>,
	request: Request,
) -> Result<Response, ApiError> {
	let name = hash(&name)?;
	let offset = number(request.headers(), UPLOAD_OFFSET)?;
	let size = number(request.headers(), UPLOAD_LENGTH)?;
	let (chunk, places) = read_body(&caller, request.into_body(), MAX_CHUNK).await?;
	let room = caller.room.clone();
	let status = blocking(move || {
		let _held = places;
		Ok(room.blobs.upload(name, size, offset, &chunk)?)
	});
	let status = status.await?;
	let code = if status.complete { StatusCode::CREATED } else { StatusCode::ACCEPTED };
	let offset = [(UPLOAD_OFFSET, HeaderValue::from(status.received))];
	Ok((code, offset, Json(describe(name, status))).into_response())
}

/// Whether a blob is there, and where its upload continues.
pub(super) async fn head(
	Extension(caller): Extension<Caller>,
	Path(name): Path<String>,
) -> Result<Response, ApiError> {
	let status = caller.room.blobs.status(&hash(&name)?);
	let status = status.ok_or_else(|| ApiError::not_found("blob"))?;
	if !status.complete {
		let mut missing = ApiError::not_found("blob: its upload is not complete");
		missing.offset = Some(status.received);
		return Ok(missing.into_response());
	}
	let headers = [
		(header::CONTENT_LENGTH, HeaderValue::from(status.size)),
		(header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
	];
	Ok((headers, Body::empty()).into_response())
}

/// The bytes, or one range of them.
pub(super) async fn download(
	Extension(caller): Extension<Caller>,
	Path(name): Path<String>,
	headers: HeaderMap,
) -> Result<Response, ApiError> {
	let name = hash(&name)?;
	let path = caller.room.blobs.path(&name).ok_or_else(|| ApiError::not_found("blob"))?;
	let mut file = File::open(path).await.map_err(ApiError::storage)?;
	let size = file.metadata().await.map_err(ApiError::storage)?.len();
	let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
	let (first, end) = match range.map(|range| parse_range(range, size)) {
		None | Some(Asked::Everything) => (0, size),
		Some(Asked::Part(first, end)) => (first, end),
		Some(Asked::Outside) => {
			let message = format!("the blob has {size} bytes");
			let (status, fix) = (StatusCode::RANGE_NOT_SATISFIABLE, "ask for bytes that exist");
			let mut response = ApiError::new(status, "range", message, fix).into_response();
			if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
				response.headers_mut().insert(header::CONTENT_RANGE, range);
			}
			return Ok(response);
		}
	};
	file.seek(SeekFrom::Start(first)).await.map_err(ApiError::storage)?;
	// The permit lives as long as the body, so that slow readers count among the open requests.
	let permit = caller.permit.clone();
	let (sender, mut receiver) = mpsc::channel(1);
	tokio::spawn(read_out(file.take(end - first), sender, caller, name));
	let body = stream::poll_fn(move |context| {
		let _held = &permit;
		receiver.poll_recv(context)
	});
	let mut response = Body::from_stream(body).into_response();
	let fields = response.headers_mut();
	fields.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
	fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
	fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
	if let Ok(tag) = HeaderValue::from_str(&format!("\"{name}\"")) {
		fields.insert(header::ETAG, tag);
	}
	if (first, end) != (0, size) {
		if let Ok(range) = HeaderValue::from_str(&format!("bytes {first}-{}/{size}", end - 1)) {
			fields.insert(header::CONTENT_RANGE, range);
		}
		*response.status_mut() = StatusCode::PARTIAL_CONTENT;
	}
	Ok(response)
}

/// Reads a blob for as long as it is there and the caller may have it, whether the client reads on
/// or not: a file that is open takes its place on the disk also when it is deleted.
async fn read_out(
	file: Take<File>,
	sender: mpsc::Sender<io::Result<Bytes>>,
	caller: Caller,
	name: Hash,
) {
	let mut chunks = ReaderStream::with_capacity(file, READ);
	while let Some(mut chunk) = chunks.next().await {
		loop {
			if !caller.may_go_on() || caller.room.blobs.path(&name).is_none() {
				return;
			}
			match sender.send_timeout(chunk, LOOK).await {
				Ok(()) => break,
				Err(SendTimeoutError::Timeout(unsent)) => chunk = unsent,
				Err(SendTimeoutError::Closed(_)) => return,
			}
		}
	}
}

pub(super) async fn delete(
	Extension(caller): Extension<Caller>,
	Path(name): Path<String>,
) -> Result<Response, ApiError> {
	let name = hash(&name)?;
	let room = caller.room.clone();
	match blocking(move || Ok(room.blobs.delete(&name)?)).await? {
		true => Ok(StatusCode::NO_CONTENT.into_response()),
		false => Err(ApiError::not_found("blob")),
	}
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
	Everything,
	/// From the first byte to the one before the second.
	Part(u64, u64),
	Outside,
}

/// Reads one range; a header that is malformed or names several asks for everything, as RFC 9110
/// allows.
fn parse_range(text: &str, size: u64) -> Asked {
	let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
	else {
		return Asked::Everything;
	};
	let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
		true => digits.parse::<u64>().ok(),
		false => None,
	};
	let (first, end) = match (first, last) {
		("", last) => match number(last) {
			Some(count) => (size.saturating_sub(count), size),
			None => return Asked::Everything,
		},
		(first, "") => match number(first) {
			Some(first) => (first, size),
			None => return Asked::Everything,
		},
		(first, last) => match (number(first), number(last)) {
			(Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
			_ => return Asked::Everything,
		},
	};
	match first < end {
		true => Asked::Part(first, end),
		false => Asked::Outside,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn range_should_stay_inside_when_it_is_any_text() {
		for (text, expected) in [
			("bytes=0-", Asked::Part(0, 10)),
			("bytes=3-5", Asked::Part(3, 6)),
			("bytes=3-99", Asked::Part(3, 10)),
			("bytes=-4", Asked::Part(6, 10)),
			("bytes=-99", Asked::Part(0, 10)),
			("bytes=9-18446744073709551615", Asked::Part(9, 10)),
			("bytes=10-", Asked::Outside),
			("bytes=-0", Asked::Outside),
			("bytes=5-3", Asked::Everything),
			("bytes=0-1,3-4", Asked::Everything),
			("bytes=--1", Asked::Everything),
			("lines=0-1", Asked::Everything),
			("bytes=+1-2", Asked::Everything),
		] {
			assert_eq!(parse_range(text, 10), expected, "{text}");
		}
		assert_eq!(parse_range("bytes=0-", 0), Asked::Outside);
	}
}
