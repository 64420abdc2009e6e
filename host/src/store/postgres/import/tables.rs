//! A table of the old service, whose columns have the names that we know and the types that they
//! happen to have.

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;

/// One that is there.
pub(super) struct OldTable {
    /// Quoted, with its schema.
    name: String,
    /// The types of its columns, by name.
    columns: BTreeMap<String, String>,
}

impl OldTable {
    /// Looks for it; the schema is a name that somebody typed.
    pub(super) async fn find(
        connection: &mut PgConnection,
        schema: &str,
        table: &str,
    ) -> anyhow::Result<Option<Self>> {
        anyhow::ensure!(
            is_name(schema),
            "--schema: {schema:?} is not the name of a schema \
             (letters, digits, _ and $, at most 63)"
        );
        let name = format!("\"{schema}\".{table}");
        let question = "
            -- Of a domain, the type that it restricts.
            SELECT attname::text, coalesce(base.typname, type.typname)::text
              FROM pg_attribute
              JOIN pg_type AS type ON type.oid = atttypid
              LEFT JOIN pg_type AS base ON base.oid = type.typbasetype
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
        let columns: Vec<(String, String)> =
            sqlx::query_as(question).bind(&name).fetch_all(connection).await?;
        let columns: BTreeMap<_, _> = columns.into_iter().collect();
        Ok((!columns.is_empty()).then_some(Self { name, columns }))
    }

    /// Its name, as a statement needs it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Complains about columns that it has not.
    pub(super) fn require(&self, names: &[&str]) -> anyhow::Result<()> {
        let missing: Vec<&str> =
            names.iter().copied().filter(|name| !self.columns.contains_key(*name)).collect();
        let there: Vec<&str> = self.columns.keys().map(String::as_str).collect();
        anyhow::ensure!(
            missing.is_empty(),
            "the table {} has no column {}; it has {}. Nothing was written",
            self.name,
            missing.join(", "),
            there.join(", ")
        );
        Ok(())
    }

    /// Complains about a column of a type that we cannot use.
    pub(super) fn require_type(&self, column: &str, types: &[&str]) -> anyhow::Result<()> {
        let is = self.kind(column);
        anyhow::ensure!(
            types.contains(&is),
            "the column {column} of the table {} is of the type {is}, and should be {}. \
             Nothing was written",
            self.name,
            types.join(" or ")
        );
        Ok(())
    }

    fn kind(&self, column: &str) -> &str {
        self.columns.get(column).map_or("", String::as_str)
    }

    /// Whether the column counts up.
    pub(super) fn is_number(&self, column: &str) -> bool {
        matches!(self.kind(column), "int2" | "int4" | "int8" | "numeric")
    }

    /// An expression for a column as text. Bytes that are no ASCII become escapes: nothing of ours
    /// has them.
    pub(super) fn text(&self, column: &str) -> String {
        if self.kind(column) == "bytea" {
            format!("encode({column}, 'escape')")
        } else {
            format!("{column}::text")
        }
    }

    /// An expression for the bytes of a column's text.
    pub(super) fn bytes(&self, column: &str) -> String {
        if self.kind(column) == "bytea" {
            column.to_owned()
        } else {
            format!("convert_to({column}::text, 'UTF8')")
        }
    }

    /// An expression for a moment in milliseconds; without such a column, or without a value, it is
    /// NULL.
    pub(super) fn moment(&self, column: &str) -> String {
        match self.kind(column) {
            "timestamp" | "timestamptz" | "date" => {
                let milliseconds = format!("(extract(epoch FROM {column}) * 1000)::bigint");
                format!("CASE WHEN isfinite({column}) THEN {milliseconds} END")
            }
            _ => "NULL::bigint".to_owned(),
        }
    }
}

/// Whether it can stand between double quotes as it is.
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    !text.is_empty() && text.len() <= 63 && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_schema_is_a_name_and_no_statement() {
        assert!(["public", "auth_old", "Old$1", "été"].into_iter().all(is_name));
        let long = "x".repeat(64);
        for wrong in ["", "a b", "a\"b", "a;b", "a.b", "a'b", "a\0b", &long] {
            assert!(!is_name(wrong), "{wrong:?} was taken for a name");
        }
    }
}
