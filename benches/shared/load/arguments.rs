//! Arguments of the form `--name value`.

/// Returns what stands behind `--name`, or this.
///
/// # Panics
///
/// When what stands there is not of that type: a measurement with another value than was meant is worse than none.
pub(crate) fn value<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    match arguments.next() {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{name} cannot be {text:?}")),
        None => otherwise,
    }
}

/// Returns what stands behind `--name`, if it is there.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}
