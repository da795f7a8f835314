//! A table with typed columns, each documented, as CSV or Parquet.
//!
//! In: columns and rows, or a question to the database. Out: bytes. Refuses nothing: a cell that does
//! not fit its column's kind is empty.

use crate::count::tally::TallyError;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params};
use std::sync::Arc;

/// Rows a Parquet row group holds.
const GROUP: usize = 100_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; codes are text, so that their leading zeros stay.
    Text,
    /// Whole numbers.
    Integer,
    /// Probabilities.
    Real,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the head line.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// What it means.
    pub about: String,
}

impl Column {
    /// A column of text.
    pub fn text(name: &str, about: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Text, about: about.to_owned() }
    }

    /// A column of whole numbers.
    pub fn integer(name: &str, about: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Integer, about: about.to_owned() }
    }

    /// A column of probabilities.
    pub fn real(name: &str, about: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Real, about: about.to_owned() }
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing: could not be read, or is not on the sheet.
    Empty,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A probability.
    Real(f64),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with one cell a column.
    pub rows: Vec<Vec<Cell>>,
}

impl Frame {
    /// The answer to a question, whose columns come in the order of `columns`.
    ///
    /// # Errors
    /// The database refuses the question.
    pub fn query(
        db: &Connection,
        sql: &str,
        params: impl Params,
        columns: Vec<Column>,
    ) -> Result<Self, TallyError> {
        let mut statement = db.prepare(sql)?;
        let mut out = Vec::new();
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let cell = |ix: usize| {
                Ok::<_, rusqlite::Error>(match row.get_ref(ix)? {
                    ValueRef::Text(t) => Cell::Text(String::from_utf8_lossy(t).into_owned()),
                    ValueRef::Integer(n) => Cell::Integer(n),
                    ValueRef::Real(x) => Cell::Real(x),
                    ValueRef::Null | ValueRef::Blob(_) => Cell::Empty,
                })
            };
            out.push((0..columns.len()).map(cell).collect::<Result<_, _>>()?);
        }
        Ok(Self { columns, rows: out })
    }

    /// UTF-8 CSV with a head line. Text that a spreadsheet would run as a formula is given a leading
    /// apostrophe (OWASP, "CSV injection").
    ///
    /// # Errors
    /// A table that CSV cannot hold; none is known.
    pub fn to_csv(&self) -> Result<Vec<u8>, TallyError> {
        let encode = |e: csv::Error| {
            TallyError::Output(crate::run::output::OutputError::Encode {
                what: "CSV",
                problem: e.to_string(),
            })
        };
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(self.columns.iter().map(|c| c.name.as_str())).map_err(encode)?;
        for row in &self.rows {
            let cells = row.iter().map(|cell| match cell {
                Cell::Empty => String::new(),
                Cell::Text(t) if t.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{t}"),
                Cell::Text(t) => t.clone(),
                Cell::Integer(n) => n.to_string(),
                Cell::Real(x) => x.to_string(),
            });
            csv.write_record(cells).map_err(encode)?;
        }
        csv.into_inner().map_err(|e| encode(e.into_error().into()))
    }

    /// Parquet, compressed with Snappy; every column may hold nulls.
    ///
    /// # Errors
    /// A table that Parquet cannot hold; none is known.
    pub fn to_parquet(&self) -> Result<Vec<u8>, TallyError> {
        let mut message = String::from("message table {\n");
        for column in &self.columns {
            let kind = match column.kind {
                Kind::Text => "BYTE_ARRAY",
                Kind::Integer => "INT64",
                Kind::Real => "DOUBLE",
            };
            let logical = if column.kind == Kind::Text { " (UTF8)" } else { "" };
            message.push_str(&format!("  OPTIONAL {kind} {}{logical};\n", column.name));
        }
        message.push('}');
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("cotejo {}", env!("CARGO_PKG_VERSION")))
            .build();
        let schema = Arc::new(parse_message_type(&message)?);
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        for rows in self.rows.chunks(GROUP) {
            let mut group = writer.next_row_group()?;
            let mut ix = 0;
            while let Some(mut column) = group.next_column()? {
                let cells = || rows.iter().map(|r| &r[ix]);
                match self.columns[ix].kind {
                    Kind::Text => fill::<ByteArrayType>(column.typed(), cells(), |c| match c {
                        Cell::Text(t) => Some(ByteArray::from(t.as_str())),
                        _ => None,
                    })?,
                    Kind::Integer => fill::<Int64Type>(column.typed(), cells(), |c| match c {
                        Cell::Integer(n) => Some(*n),
                        _ => None,
                    })?,
                    Kind::Real => fill::<DoubleType>(column.typed(), cells(), |c| match c {
                        Cell::Real(x) => Some(*x),
                        Cell::Integer(n) => Some(*n as f64),
                        _ => None,
                    })?,
                }
                column.close()?;
                ix += 1;
            }
            group.close()?;
        }
        Ok(writer.into_inner()?)
    }
}

fn fill<'a, T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    cells: impl Iterator<Item = &'a Cell>,
    value: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), TallyError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        let value = value(cell);
        levels.push(i16::from(value.is_some()));
        values.extend(value);
    }
    column.write_batch(&values, Some(&levels), None)?;
    Ok(())
}
