// Parses Bicep files with the grammar of tree-sitter and prints one line for
// each place that it cannot read: file, line, column, text. Usage:
//   node parse.cjs GRAMMAR.wasm FILE...
const fs = require('fs');
const { Parser, Language } = require('web-tree-sitter');

async function main([grammar, ...files]) {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  for (const file of files) {
    const tree = parser.parse(fs.readFileSync(file, 'utf8'));
    const visit = (node) => {
      if (node.isError || node.isMissing) {
        const at = node.startPosition;
        console.log(`${file}:${at.row + 1}:${at.column + 1}: ${JSON.stringify(node.text.slice(0, 80))}`);
        return;
      }
      if (node.hasError) {
        node.children.forEach(visit);
      }
    };
    visit(tree.rootNode);
    tree.delete();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
