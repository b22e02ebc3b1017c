//! What a Rust type is to a component.

use heck::ToKebabCase;
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{
    Attribute, Data, DataEnum, DataStruct, DeriveInput, Error, Fields, Ident, LitStr, Result,
    Token, Type,
};

/// A type of components with the names of its Rust form.
pub(crate) enum Shape {
    /// Fields of a record.
    Record(Vec<Part>),
    /// Cases of a variant; those without a type carry nothing.
    Variant(Vec<Part>),
    /// Names of an enum.
    Enum(Vec<Part>),
    /// Flags, each a field of type `bool`.
    Flags(Vec<Part>),
}

/// A field, case or flag.
pub(crate) struct Part {
    /// Its name in Rust.
    pub(crate) ident: Ident,
    /// Its name in WIT.
    pub(crate) name: String,
    /// Its type, or what the case carries.
    pub(crate) ty: Option<Type>,
}

/// What stands in `#[component(...)]`.
#[derive(Default)]
struct TypeOptions {
    kind: Option<(String, Span)>,
    name: Option<String>,
}

impl Shape {
    /// The shape of a Rust type.
    pub(crate) fn of(input: &DeriveInput) -> Result<Self> {
        let options = TypeOptions::of(&input.attrs)?;
        if options.name.is_some() {
            return Err(Error::new_spanned(&input.ident, "types of components have no names"));
        }
        let kind = options.kind.as_ref().map(|(kind, _)| kind.as_str());
        let at = options.kind.as_ref().map_or_else(Span::call_site, |(_, span)| *span);
        match (&input.data, kind) {
            (Data::Struct(data), None | Some("record")) => fields(data).map(Self::Record),
            (Data::Struct(data), Some("flags")) => fields(data).map(Self::Flags),
            (Data::Enum(data), None | Some("variant" | "enum")) => {
                let cases = cases(data)?;
                let unit = cases.iter().all(|case| case.ty.is_none());
                match kind {
                    Some("enum") if !unit => {
                        Err(Error::new(at, "a case of an enum carries nothing: it is a variant"))
                    }
                    Some("variant") => Ok(Self::Variant(cases)),
                    _ if unit => Ok(Self::Enum(cases)),
                    _ => Ok(Self::Variant(cases)),
                }
            }
            (_, Some(kind)) => Err(Error::new(at, format!("this type cannot be `{kind}`"))),
            (Data::Union(_), None) => {
                Err(Error::new_spanned(&input.ident, "a union is no type of components"))
            }
        }
    }

    /// Types of what it is made of.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Type> {
        let (Self::Record(parts) | Self::Variant(parts) | Self::Enum(parts) | Self::Flags(parts)) =
            self;
        parts.iter().filter_map(|part| part.ty.as_ref())
    }
}

impl TypeOptions {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|it| it.path().is_ident("component")) {
            attribute.parse_args_with(|input: ParseStream<'_>| -> Result<()> {
                while !input.is_empty() {
                    options.next(input)?;
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(options)
    }

    fn next(&mut self, input: ParseStream<'_>) -> Result<()> {
        // `enum` is a keyword.
        let word = input.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "name" => {
                input.parse::<Token![=]>()?;
                self.name = Some(input.parse::<LitStr>()?.value());
            }
            kind @ ("record" | "variant" | "enum" | "flags") => {
                self.kind = Some((kind.to_owned(), word.span()));
            }
            _ => {
                let why = "`record`, `variant`, `enum`, `flags` or `name = \"...\"` can stand here";
                return Err(Error::new(word.span(), why));
            }
        }
        Ok(())
    }
}

impl Part {
    fn new(ident: &Ident, attributes: &[Attribute], ty: Option<Type>) -> Result<Self> {
        let options = TypeOptions::of(attributes)?;
        if let Some((_, span)) = options.kind {
            return Err(Error::new(span, "this stands at a type, not at a part of one"));
        }
        let name = options.name.unwrap_or_else(|| ident.unraw().to_string().to_kebab_case());
        Ok(Self { ident: ident.clone(), name, ty })
    }
}

fn fields(data: &DataStruct) -> Result<Vec<Part>> {
    let Fields::Named(fields) = &data.fields else {
        let why = "records and flags are structs with named fields";
        return Err(Error::new(data.struct_token.span, why));
    };
    let part = |field: &syn::Field| {
        let ident = field.ident.as_ref().expect("named");
        Part::new(ident, &field.attrs, Some(field.ty.clone()))
    };
    fields.named.iter().map(part).collect()
}

fn cases(data: &DataEnum) -> Result<Vec<Part>> {
    let part = |case: &syn::Variant| {
        let ty = match &case.fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                Some(fields.unnamed[0].ty.clone())
            }
            _ => return Err(Error::new_spanned(case, "a case carries one value, or none")),
        };
        Part::new(&case.ident, &case.attrs, ty)
    };
    data.variants.iter().map(part).collect()
}
