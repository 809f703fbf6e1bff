// Reads {"tables": {name: {column: type}}, "queries": {name: text}} and writes the errors of each query as JSON.
const [bridge, service] = process.argv.slice(2);
require(bridge);
require(service);
const { Symbols, GlobalState, KustoCode } = Kusto.Language;

const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tables = Object.entries(given.tables).map(([name, columns]) => {
  const schema = Object.entries(columns).map(([column, type]) => `${column}:${type}`).join(",");
  return Symbols.TableSymbol.From(`(${schema})`).WithName(name);
});
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", tables));

const found = {};
for (const [name, text] of Object.entries(given.queries)) {
  const diagnostics = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
  found[name] = [];
  for (let index = 0; index < diagnostics.Count; index++) {
    const each = diagnostics.getItem(index);
    if (each.Severity === "Error") found[name].push(each.Message);
  }
}
process.stdout.write(JSON.stringify(found));
