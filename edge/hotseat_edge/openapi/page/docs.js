// Shows openapi.json. Everything is put in as text: nothing of the document can become a part of the page itself.

const make = (tag, content = [], attributes = {}) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...[content].flat());
  return element;
};

const nameOf = (reference) => reference.split("/").at(-1);

// A schema in a few words.
const brief = (schema) => {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(brief).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${schema.items ? brief(schema.items) : "anything"}`;
  return schema.type ?? "anything";
};

const table = (schema) => {
  const rows = Object.entries(schema.properties ?? {}).map(([name, member]) =>
    make("tr", [
      make("td", make("code", schema.required?.includes(name) ? `${name} *` : name)),
      make("td", make("code", brief(member))),
      make("td", member.description ?? ""),
    ]),
  );
  const head = make("tr", ["field", "type", "remarks"].map((title) => make("th", title, { scope: "col" })));
  return make("table", [make("thead", head), make("tbody", rows)]);
};

const shown = (schema, components) => {
  const whole = schema.$ref ? components[nameOf(schema.$ref)] : schema;
  return whole.properties ? table(whole) : make("p", make("code", brief(whole)));
};

const operation = (path, method, told, components) => {
  const parts = [];
  const body = told.requestBody?.content["application/json"]?.schema;
  if (body) parts.push(make("h2", "Request"), shown(body, components));
  for (const [kind, { schema }] of Object.entries(told.responses["200"].content))
    parts.push(make("h2", `Answer, ${kind}`), shown(schema, components));
  const title = [make("span", method, { class: "method" }), make("code", path), ` ${told.summary}`];
  return make("details", [make("summary", title), ...parts]);
};

const show = async () => {
  const operations = document.getElementById("operations");
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const { info, paths, components } = await answer.json();
    document.getElementById("about").textContent = `${info.version}. ${info.description}`;
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, told]) => operation(path, method, told, components.schemas)),
    );
    const schemas = Object.entries(components.schemas).map(([name, schema]) =>
      make("details", [make("summary", make("code", name)), make("pre", JSON.stringify(schema, null, 2))]),
    );
    operations.replaceChildren(...listed, make("h2", "Shapes"), ...schemas);
  } catch (error) {
    operations.replaceChildren(make("p", `openapi.json could not be read: ${error.message}. Reload to try again.`));
  }
};

await show();
