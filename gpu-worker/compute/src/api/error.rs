//! What a request gets that is not served.

use crate::{auth::AuthError, blobs::BlobError, jobs::SubmitError, manifest::ManifestError, Hash};
use axum::{
	http::{HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use serde_json::json;

/// A refusal: `{"code", "message", "fix"}`.
#[derive(Debug)]
pub(super) struct ApiError {
	pub(super) status: StatusCode,
	pub(super) code: &'static str,
	pub(super) message: String,
	pub(super) fix: &'static str,
	/// Where an upload continues.
	pub(super) offset: Option<u64>,
}

impl ApiError {
	pub(super) fn new(
		status: StatusCode,
		code: &'static str,
		message: impl Into<String>,
		fix: &'static str,
	) -> Self {
		Self { status, code, message: message.into(), fix, offset: None }
	}

	pub(super) fn not_found(what: &str) -> Self {
		let message = format!("there is no such {what}");
		Self::new(
			StatusCode::NOT_FOUND,
			"not-found",
			message,
			"compare the path with GET /openapi.json",
		)
	}

	pub(super) fn body(message: impl Into<String>) -> Self {
		let fix = "send the body whose hash was signed, without long pauses";
		Self::new(StatusCode::BAD_REQUEST, "bad-body", message, fix)
	}

	pub(super) fn slow_body(message: &'static str) -> Self {
		let fix = "send smaller chunks";
		Self::new(StatusCode::REQUEST_TIMEOUT, "slow-body", message, fix)
	}

	pub(super) fn other_body(found: Hash) -> Self {
		Self::body(format!("the body has the hash {found}, which was not signed"))
	}

	pub(super) fn header(message: impl Into<String>) -> Self {
		let fix = "compare the request with GET /openapi.json";
		Self::new(StatusCode::BAD_REQUEST, "bad-header", message, fix)
	}

	pub(super) fn busy() -> Self {
		let fix = "try again in a second, with fewer requests at once";
		Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many requests are open", fix)
	}

	pub(super) fn storage(error: impl std::fmt::Display) -> Self {
		tracing::warn!(%error, "a request met a failing storage");
		let fix = "try again; tell the provider if it happens again";
		let message = "the worker's storage failed";
		Self::new(StatusCode::INTERNAL_SERVER_ERROR, "storage", message, fix)
	}
}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		let body = json!({ "code": self.code, "message": self.message, "fix": self.fix });
		let mut response = (self.status, Json(body)).into_response();
		if let Some(offset) = self.offset {
			response.headers_mut().insert(super::UPLOAD_OFFSET, HeaderValue::from(offset));
		}
		response
	}
}

impl From<AuthError> for ApiError {
	fn from(error: AuthError) -> Self {
		let status = match error {
			AuthError::TooMany | AuthError::TooManyWrong => StatusCode::TOO_MANY_REQUESTS,
			AuthError::NoChain | AuthError::Storage => StatusCode::SERVICE_UNAVAILABLE,
			_ => StatusCode::UNAUTHORIZED,
		};
		Self::new(status, error.code(), error.to_string(), error.fix())
	}
}

impl From<ManifestError> for ApiError {
	fn from(error: ManifestError) -> Self {
		let status = StatusCode::UNPROCESSABLE_ENTITY;
		Self::new(status, "bad-manifest", error.to_string(), error.fix())
	}
}

impl From<BlobError> for ApiError {
	fn from(error: BlobError) -> Self {
		let (status, code) = match &error {
			BlobError::Full { .. } => (StatusCode::INSUFFICIENT_STORAGE, "quota"),
			BlobError::DiskFull { .. } => (StatusCode::INSUFFICIENT_STORAGE, "disk-full"),
			BlobError::TooMany(_) => (StatusCode::INSUFFICIENT_STORAGE, "too-many-blobs"),
			BlobError::Offset { .. } => (StatusCode::CONFLICT, "offset"),
			BlobError::Length { .. } => (StatusCode::CONFLICT, "length"),
			BlobError::Busy => (StatusCode::CONFLICT, "busy-blob"),
			BlobError::Beyond { .. } => (StatusCode::BAD_REQUEST, "beyond-length"),
			BlobError::WrongHash { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "wrong-hash"),
			BlobError::Storage(cause) => return Self::storage(cause),
		};
		let offset = match error {
			BlobError::Offset { expected } => Some(expected),
			_ => None,
		};
		Self { offset, ..Self::new(status, code, error.to_string(), error.fix()) }
	}
}

impl From<SubmitError> for ApiError {
	fn from(error: SubmitError) -> Self {
		let message = error.to_string();
		match error {
			SubmitError::Full(_) => {
				let fix = "wait until a job has ended, or cancel one";
				Self::new(StatusCode::TOO_MANY_REQUESTS, "queue-full", message, fix)
			}
			SubmitError::NoDevice => {
				let fix = "ask the provider, or end the lease";
				Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-device", message, fix)
			}
			SubmitError::Room(error) => Self::from(error),
			SubmitError::Storage(cause) => Self::storage(cause),
		}
	}
}
