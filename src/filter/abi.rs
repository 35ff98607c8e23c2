//! The proxy-wasm ABI calls that the filter makes, total: every status becomes a value, nothing panics.
//!
//! Decides how bytes cross the boundary and nothing else. The SDK's own wrappers panic on statuses that they do not expect
//! and on header bytes beyond ASCII, which one unauthenticated request could send. `dispatch_http_call` alone stays the
//! SDK's: its dispatcher must know the token of every call.
#![allow(unsafe_code, reason = "the raw imports of the host; each use says why it is sound")]

use std::{fmt, ptr};

/// A status other than 0 (`Ok`), as the host numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostError(pub u32);

impl HostError {
    /// What is asked for makes no sense.
    pub const BAD_ARGUMENT: Self = Self(2);
    /// A write to shared data whose stamp is not the last write's.
    pub const CAS_MISMATCH: Self = Self(8);
}

/// What stands for a header map that is not in the ABI's form; no host status has this number.
const MALFORMED: u32 = u32::MAX;

/// A header map of the host.
#[derive(Clone, Copy, Debug)]
pub enum Map {
    /// The request's headers.
    RequestHeaders = 0,
    /// The request's trailers.
    RequestTrailers = 1,
    /// The response's headers.
    ResponseHeaders = 2,
    /// The headers of a call's answer.
    CallHeaders = 6,
}

impl Map {
    /// For the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestHeaders => "request's headers",
            Self::RequestTrailers => "request's trailers",
            Self::ResponseHeaders => "response's headers",
            Self::CallHeaders => "headers of a call's answer",
        }
    }
}

/// A buffer of the host.
#[derive(Clone, Copy, Debug)]
pub enum Buffer {
    /// As much of the request's body as the host holds back.
    RequestBody = 0,
    /// The body of a call's answer.
    CallBody = 4,
    /// The plugin's configuration.
    PluginConfiguration = 7,
}

/// What a metric is.
#[derive(Clone, Copy, Debug)]
pub enum MetricKind {
    /// Only grows.
    Counter = 0,
    /// A present value.
    Gauge = 1,
    /// A distribution.
    Histogram = 2,
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, most: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_remove_header_map_value(map: u32, key: *const u8, key_size: usize) -> u32;
    fn proxy_replace_header_map_value(map: u32, key: *const u8, key_size: usize, value: *const u8, size: usize) -> u32;
    fn proxy_add_header_map_value(map: u32, key: *const u8, key_size: usize, value: *const u8, size: usize) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, size: usize) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        arguments: *const u8,
        arguments_size: usize,
        results: *mut *mut u8,
        results_size: *mut usize,
    ) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: usize, value: *const u8, size: usize, cas: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
}

/// Nanoseconds since the epoch.
pub fn current_time_nanoseconds() -> Result<u64, HostError> {
    let mut time = 0;
    // SAFETY: `time` is valid for the host to write to during the call.
    checked(unsafe { proxy_get_current_time_nanoseconds(&raw mut time) }).map(|()| time)
}

/// Asks for ticks of the effective context's root, every `milliseconds`.
pub fn set_tick_period(milliseconds: u32) -> Result<(), HostError> {
    // SAFETY: passes a number only.
    checked(unsafe { proxy_set_tick_period_milliseconds(milliseconds) })
}

/// At most `most` bytes of a buffer.
pub fn buffer(buffer: Buffer, most: usize) -> Result<Vec<u8>, HostError> {
    received(|data, size| {
        // SAFETY: `data` and `size` are valid for the host to write to during the call.
        unsafe { proxy_get_buffer_bytes(buffer as u32, 0, most, data, size) }
    })
}

/// The fields of a header map in the order of the wire; an error if there is no such map now.
pub fn pairs(map: Map) -> Result<Vec<(String, Vec<u8>)>, HostError> {
    let bytes = received(|data, size| {
        // SAFETY: `data` and `size` are valid for the host to write to during the call.
        unsafe { proxy_get_header_map_pairs(map as u32, data, size) }
    })?;
    parse_pairs(&bytes).ok_or(HostError(MALFORMED))
}

/// Removes every field `name`.
pub fn remove(map: Map, name: &str) -> Result<(), HostError> {
    // SAFETY: the pointer and length are one live string's.
    checked(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Makes `value` the only value of `name`.
pub fn replace(map: Map, name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: the pointers and lengths are those of live slices.
    let status =
        unsafe { proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    checked(status)
}

/// Appends one field.
pub fn add(map: Map, name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: the pointers and lengths are those of live slices.
    let status =
        unsafe { proxy_add_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    checked(status)
}

/// Lets the effective context's paused request go on.
pub fn continue_request() -> Result<(), HostError> {
    const HTTP_REQUEST: u32 = 0;
    // SAFETY: passes a number only.
    checked(unsafe { proxy_continue_stream(HTTP_REQUEST) })
}

/// Answers the effective context's request. `grpc_status` takes the place of `status`, the body is its message then.
pub fn send_local_response(
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
    grpc_status: Option<u32>,
) -> Result<(), HostError> {
    let headers = serialize_pairs(headers);
    let grpc_status = grpc_status.and_then(|status| i32::try_from(status).ok()).unwrap_or(-1);
    // SAFETY: the pointers and lengths are those of live slices; the details are empty, which a null pointer says.
    let sent = unsafe {
        proxy_send_local_response(
            u32::from(status),
            ptr::null(),
            0,
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status,
        )
    };
    checked(sent)
}

/// Makes what follows act on `context`; an error means that it is gone.
pub fn set_effective_context(context: u32) -> Result<(), HostError> {
    // SAFETY: passes a number only.
    checked(unsafe { proxy_set_effective_context(context) })
}

/// Sets the request's property `name`; on Envoy, `wasm.` and that name in its filter state. A name of several parts could not be
/// read back there.
pub fn set_property(name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: the pointers and lengths are those of live slices, which the host only reads.
    let status = unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    checked(status)
}

/// Calls a function that only this host has.
pub fn call_foreign_function(name: &str, arguments: &[u8]) -> Result<Vec<u8>, HostError> {
    received(|data, size| {
        // SAFETY: the pointers and lengths are those of live slices; `data` and `size` are valid to write to.
        unsafe {
            proxy_call_foreign_function(name.as_ptr(), name.len(), arguments.as_ptr(), arguments.len(), data, size)
        }
    })
}

/// A value that all VMs of the same `vm_id` share, and the number of the write that it comes from.
pub fn shared_data(key: &str) -> Result<(Vec<u8>, u32), HostError> {
    let mut cas = 0;
    let value = received(|data, size| {
        // SAFETY: the pointer and length are one live string's; `data`, `size` and `cas` are valid to write to.
        unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas) }
    })?;
    Ok((value, cas))
}

/// Writes such a value if `cas` is the number of its last write, or 0, or if there is none.
pub fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<(), HostError> {
    // SAFETY: the pointers and lengths are those of live slices.
    checked(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
}

/// Defines a metric and gives its number; the same name gives the same number.
pub fn define_metric(kind: MetricKind, name: &str) -> Result<u32, HostError> {
    let mut id = 0;
    // SAFETY: the pointer and length are one live string's; `id` is valid to write to.
    checked(unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) }).map(|()| id)
}

/// Adds `by` to a counter, or to a gauge, where it may be negative. It is not 0.
pub fn increment_metric(id: u32, by: i64) -> Result<(), HostError> {
    // SAFETY: passes numbers only.
    checked(unsafe { proxy_increment_metric(id, by) })
}

/// Sets a gauge, or adds a value to a histogram.
pub fn record_metric(id: u32, value: u64) -> Result<(), HostError> {
    // SAFETY: passes numbers only.
    checked(unsafe { proxy_record_metric(id, value) })
}

const fn checked(status: u32) -> Result<(), HostError> {
    match status {
        0 => Ok(()),
        status => Err(HostError(status)),
    }
}

/// Takes bytes that the host puts into memory it has from `proxy_on_memory_allocate`.
fn received(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, HostError> {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    checked(call(&raw mut data, &raw mut size))?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the SDK's allocator made the block as a boxed slice of exactly this size, the host wrote all of it, and nobody
    // else owns it.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// Reads the ABI's form of a header map: count, then lengths, then names and values with a NUL after each.
fn parse_pairs(bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let count = usize::try_from(number(bytes, 0)?).ok()?;
    let mut data = count.checked_mul(8)?.checked_add(4)?;
    let mut pairs = Vec::with_capacity(count.min(bytes.len()));
    for index in 0..count {
        let lengths = index.checked_mul(8)?.checked_add(4)?;
        let name = field(bytes, &mut data, number(bytes, lengths)?)?;
        let value = field(bytes, &mut data, number(bytes, lengths.checked_add(4)?)?)?;
        pairs.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
    }
    Some(pairs)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..at.checked_add(4)?)?;
    raw.try_into().ok().map(u32::from_le_bytes)
}

fn field<'a>(bytes: &'a [u8], at: &mut usize, length: u32) -> Option<&'a [u8]> {
    let end = at.checked_add(usize::try_from(length).ok()?)?;
    let field = bytes.get(*at..end)?;
    *at = end.checked_add(1)?;
    Some(field)
}

fn serialize_pairs(pairs: &[(&str, &str)]) -> Vec<u8> {
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = u32::try_from(pairs.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    for (name, value) in pairs {
        bytes.extend(length(name));
        bytes.extend(length(value));
    }
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host status {}", self.0)
    }
}
