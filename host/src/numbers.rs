//! Numbers as people read them.

/// With a comma before each three digits: `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_read_as_in_the_documentation() {
        let read = [0, 999, 1_000, 18_204, 86_400, 1_000_000].map(grouped);
        assert_eq!(read, ["0", "999", "1,000", "18,204", "86,400", "1,000,000"]);
    }
}
