#include "query/duckdb/statement_guard.h"

#include <algorithm>
#include <array>
#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/expression/parameter_expression.hpp>
#include <duckdb/parser/expression/subquery_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/parser/query_node/list.hpp>
#include <duckdb/parser/statement/select_statement.hpp>
#include <duckdb/parser/tableref/list.hpp>
#include <functional>

#include "query/duckdb/bare_having.h"
#include "query/duckdb/catalog.h"
#include "query/duckdb/error_text.h"
#include "query/duckdb/mysql_meaning.h"

namespace freshet::query {
namespace {

using duckdb::ParsedExpression;
using duckdb::ParsedExpressionIterator;
using duckdb::TableReferenceType;

constexpr std::array kTableFunctions = {"range", "generate_series", "unnest", "repeat", "json_each", "json_tree"};

/// Functions that show or change the instance rather than compute.
constexpr std::array kRefusedFunctions = {"current_setting",
                                          "getenv",
                                          "getvariable",
                                          "write_log",
                                          "nextval",
                                          "currval",
                                          "query",
                                          "query_table",
                                          "txid_current",
                                          "current_connection_id",
                                          "current_query_id",
                                          "current_transaction_id",
                                          "current_query",
                                          "current_schemas",
                                          "in_search_path",
                                          "stats"};

template <size_t N>
bool is_one_of(const std::array<const char*, N>& names, const std::string& name) {
  const std::string lower = duckdb::StringUtil::Lower(name);
  return std::any_of(names.begin(), names.end(), [&](const char* known) { return lower == known; });
}

/// A view of views of views ... of a table.
constexpr int kMaxViewDepth = 32;

/// Carries why a table must not be read out of the walk.
struct AccessDenied : std::exception {
  explicit AccessDenied(Status why) : status(std::move(why)) {}
  const char* what() const noexcept override { return status.message().c_str(); }
  Status status;
};

duckdb::ParserOptions parser_options() {
  duckdb::ParserOptions options;
  options.preserve_identifier_case = true;
  return options;
}

duckdb::unique_ptr<duckdb::SelectStatement> parse_select(const std::string& sql) {
  duckdb::Parser parser(parser_options());
  parser.ParseQuery(sql);
  if (parser.statements.size() != 1 || parser.statements[0]->type != duckdb::StatementType::SELECT_STATEMENT) {
    throw duckdb::BinderException("A view is one query");
  }
  return duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(std::move(parser.statements[0]));
}

/// Walks a query: refuses what is not allowed and completes table names.
class QueryWalker {
 public:
  /// `depth`: of views around the query. `access` null: all may be read. `gives_meaning`: expressions are MySQL's.
  QueryWalker(const std::string& database, const EngineViews& views, const EngineAccess* access, size_t depth,
              bool gives_meaning)
      : database_(database), views_(views), access_(access), depth_(depth), gives_meaning_(gives_meaning) {}

  void walk(duckdb::QueryNode& node) {
    const size_t outer_names = cte_names_.size();
    for (const auto& entry : node.cte_map.map) {
      cte_names_.push_back(entry.first);
      walk(*entry.second->query->node);
    }
    walk_node(node);
    ParsedExpressionIterator::EnumerateQueryNodeModifiers(node, walk_child());
    cte_names_.resize(outer_names);
  }

  std::vector<std::pair<std::string, std::string>> take_tables() { return std::move(tables_); }

 private:
  std::function<void(duckdb::unique_ptr<ParsedExpression>&)> walk_child() {
    return [this](ParsedSlot& child) { walk(child); };
  }

  void walk_all(duckdb::vector<ParsedSlot>& expressions) {
    for (auto& expression : expressions) walk(expression);
  }

  void walk_condition(ParsedSlot& condition) {
    walk(condition);
    if (gives_meaning_) give_truth(condition);
  }

  /// Columns of subqueries are named by what was written.
  void walk_list(duckdb::vector<ParsedSlot>& list) {
    for (auto& item : list) {
      const bool has_name = item->HasAlias() || item->GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF ||
                            item->GetExpressionClass() == duckdb::ExpressionClass::STAR;
      if (gives_meaning_ && !has_name) item->SetAlias(item->GetName());
      walk(item);
    }
  }

  void walk_node(duckdb::QueryNode& node) {
    switch (node.type) {
      case duckdb::QueryNodeType::SELECT_NODE: return walk_select(node.Cast<duckdb::SelectNode>());
      case duckdb::QueryNodeType::SET_OPERATION_NODE: {
        auto& set_operation = node.Cast<duckdb::SetOperationNode>();
        walk(*set_operation.left);
        return walk(*set_operation.right);
      }
      case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
        auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
        cte_names_.push_back(recursive.ctename);
        walk_all(recursive.key_targets);
        walk(*recursive.left);
        return walk(*recursive.right);
      }
      case duckdb::QueryNodeType::CTE_NODE: {
        auto& cte = node.Cast<duckdb::CTENode>();
        cte_names_.push_back(cte.ctename);
        walk(*cte.query);
        return walk(*cte.child);
      }
      default: throw duckdb::BinderException("Only queries run here");
    }
  }

  void walk_select(duckdb::SelectNode& select) {
    lower_bare_having(select);
    if (select.from_table) walk_ref(select.from_table);
    walk_list(select.select_list);
    walk_all(select.groups.group_expressions);
    for (auto* clause : {&select.where_clause, &select.having, &select.qualify}) {
      if (*clause) walk_condition(*clause);
    }
    if (gives_meaning_) move_having(select);
  }

  void walk(ParsedSlot& slot) {
    check(*slot);
    if (gives_meaning_) give_meaning(slot);
  }

  /// An expression, and all below it.
  void check(ParsedExpression& expression) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION) {
      const auto& function = expression.Cast<duckdb::FunctionExpression>();
      if (is_one_of(kRefusedFunctions, function.function_name)) {
        throw duckdb::BinderException("Function '%s' is not offered", function.function_name);
      }
    }
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
      walk(*expression.Cast<duckdb::SubqueryExpression>().subquery->node);
    }
    ParsedExpressionIterator::EnumerateChildren(expression, walk_child());
  }

  void walk_ref(duckdb::unique_ptr<duckdb::TableRef>& ref) {
    if (ref->type == TableReferenceType::BASE_TABLE) {
      if (auto query = expanded(ref->Cast<duckdb::BaseTableRef>())) {
        ref = std::move(query);
        return;
      }
    }
    walk(*ref);
  }

  /// The query of a view in its place; null for a table.
  duckdb::unique_ptr<duckdb::TableRef> expanded(const duckdb::BaseTableRef& table) {
    if (!views_.find || (!table.catalog_name.empty() && table.catalog_name != kCatalogName)) return nullptr;
    if (table.schema_name.empty() && (is_cte(table.table_name) || database_.empty())) return nullptr;
    const auto view = views_.find(table.schema_name.empty() ? database_ : table.schema_name, table.table_name);
    if (!view.ok()) throw duckdb::BinderException("View '%s': %s", table.table_name, view.status().message());
    if (!*view) return nullptr;
    check_access(table.schema_name.empty() ? database_ : table.schema_name, table.table_name);
    if (depth_ == kMaxViewDepth) throw duckdb::BinderException("Views are nested deeper than %d levels", kMaxViewDepth);
    if (table.at_clause) throw duckdb::BinderException("'%s' is a view: it has no versions or partitions", table.table_name);
    auto query = parse_select((*view)->sql);
    QueryWalker inner((*view)->database, views_, nullptr, depth_ + 1, gives_meaning_);
    inner.walk(*query->node);
    for (auto& name : inner.take_tables()) tables_.push_back(std::move(name));
    auto subquery =
        duckdb::make_uniq<duckdb::SubqueryRef>(std::move(query), table.alias.empty() ? table.table_name : table.alias);
    subquery->column_name_alias = table.column_name_alias;
    for (size_t i = subquery->column_name_alias.size(); i < (*view)->columns.size(); ++i) {
      subquery->column_name_alias.push_back((*view)->columns[i]);
    }
    return subquery;
  }

  void check_access(const std::string& database, const std::string& table) const {
    if (access_ == nullptr) return;
    Status status = access_->may_read(database, table);
    if (!status.ok()) throw AccessDenied(std::move(status));
  }

  void walk(duckdb::TableRef& ref) {
    switch (ref.type) {
      case TableReferenceType::BASE_TABLE: return walk_table(ref.Cast<duckdb::BaseTableRef>());
      case TableReferenceType::TABLE_FUNCTION: return walk_function(ref.Cast<duckdb::TableFunctionRef>());
      case TableReferenceType::SUBQUERY: return walk(*ref.Cast<duckdb::SubqueryRef>().subquery->node);
      case TableReferenceType::JOIN: {
        auto& join = ref.Cast<duckdb::JoinRef>();
        walk_ref(join.left);
        walk_ref(join.right);
        if (join.condition) walk_condition(join.condition);
        return;
      }
      case TableReferenceType::EXPRESSION_LIST:
        for (auto& row : ref.Cast<duckdb::ExpressionListRef>().values) walk_all(row);
        return;
      case TableReferenceType::EMPTY_FROM: return;
      case TableReferenceType::PIVOT: throw duckdb::BinderException("PIVOT and UNPIVOT are not offered");
      default: throw duckdb::BinderException("Only tables, subqueries and joins can stand in FROM");
    }
  }

  bool is_cte(const std::string& name) const {
    return std::any_of(cte_names_.begin(), cte_names_.end(),
                       [&](const std::string& cte) { return duckdb::StringUtil::CIEquals(cte, name); });
  }

  void walk_table(duckdb::BaseTableRef& table) {
    if (table.at_clause) walk(table.at_clause->ExpressionMutable());
    if (!table.catalog_name.empty() && table.catalog_name != kCatalogName) {
      throw duckdb::BinderException("Unknown database '%s.%s'", table.catalog_name, table.schema_name);
    }
    if (table.schema_name.empty()) {
      if (is_cte(table.table_name)) return;
      if (database_.empty()) throw duckdb::BinderException("No database selected");
      table.schema_name = database_;
    }
    if (duckdb::StringUtil::CIEquals(table.schema_name, std::string(kInformationSchema)))
      table.schema_name = kInformationSchema;
    table.catalog_name = kCatalogName;
    check_access(table.schema_name, table.table_name);
    tables_.emplace_back(table.schema_name, table.table_name);
  }

  void walk_function(duckdb::TableFunctionRef& ref) {
    const auto& function = ref.function->Cast<duckdb::FunctionExpression>();
    if (!is_one_of(kTableFunctions, function.function_name)) {
      throw duckdb::BinderException("Table function '%s' is not offered", function.function_name);
    }
    check(*ref.function);
  }

  const std::string& database_;
  const EngineViews& views_;
  const EngineAccess* const access_;
  const size_t depth_;
  const bool gives_meaning_;
  std::vector<std::string> cte_names_;  ///< visible at this point
  std::vector<std::pair<std::string, std::string>> tables_;
};

duckdb::Value parameter_value(const Parameter& parameter) {
  struct Visitor {
    duckdb::Value operator()(const ParameterNull&) const { return duckdb::Value(); }
    duckdb::Value operator()(int64_t value) const { return duckdb::Value::BIGINT(value); }
    duckdb::Value operator()(uint64_t value) const { return duckdb::Value::UBIGINT(value); }
    duckdb::Value operator()(double value) const { return duckdb::Value::DOUBLE(value); }
    duckdb::Value operator()(const std::string& value) const { return duckdb::Value(value); }
    duckdb::Value operator()(const ParameterDateTime& value) const { return duckdb::Value(value.text); }
    /// Exact, when it is such a number of at most 38 digits; else the text, which is read where a number is needed.
    duckdb::Value operator()(const ParameterDecimal& value) const {
      const std::string_view digits = value.text.starts_with('-') ? std::string_view(value.text).substr(1) : value.text;
      const size_t point = std::min(digits.find('.'), digits.size());
      const size_t scale = point == digits.size() ? 0 : digits.size() - point - 1;
      const bool is_plain = !digits.empty() && digits.find_first_not_of("0123456789.") == std::string_view::npos;
      const size_t width = std::max<size_t>(point + scale, 1);
      duckdb::Value number(value.text);
      if (!is_plain || width > duckdb::DecimalType::MaxWidth()) return number;
      const auto type = duckdb::LogicalType::DECIMAL(static_cast<uint8_t>(width), static_cast<uint8_t>(scale));
      duckdb::Value exact;
      std::string problem;
      return number.DefaultTryCastAs(type, exact, &problem) ? exact : number;
    }
  };
  return std::visit(Visitor{}, parameter);
}

/// Replaces `?` everywhere below a node.
class ParameterBinder {
 public:
  explicit ParameterBinder(std::span<const Parameter> parameters) : parameters_(parameters) {}

  void bind(duckdb::QueryNode& node) {
    ParsedExpressionIterator::EnumerateQueryNodeChildren(
        node, [this](duckdb::unique_ptr<ParsedExpression>& child) { bind(child); }, [](duckdb::TableRef&) {});
  }

 private:
  void bind(duckdb::unique_ptr<ParsedExpression>& expression) {
    if (expression->GetExpressionClass() == duckdb::ExpressionClass::PARAMETER) {
      // Identifiers of `?` are "1", "2", ...; the counts were compared before.
      const auto& identifier = expression->Cast<duckdb::ParameterExpression>().identifier;
      const size_t position = std::strtoul(identifier.c_str(), nullptr, 10) - 1;
      if (position >= parameters_.size()) throw duckdb::BinderException("Placeholders are written as ?");
      auto constant = duckdb::make_uniq<duckdb::ConstantExpression>(parameter_value(parameters_[position]));
      constant->alias = expression->alias.empty() ? "?" : expression->alias;
      expression = std::move(constant);
      return;
    }
    if (expression->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
      bind(*expression->Cast<duckdb::SubqueryExpression>().subquery->node);
    }
    ParsedExpressionIterator::EnumerateChildren(*expression,
                                                [this](duckdb::unique_ptr<ParsedExpression>& child) { bind(child); });
  }

  std::span<const Parameter> parameters_;
};

Result<GuardedStatement> parse(std::string_view sql, const std::string& database, const EngineViews& views,
                               const EngineAccess* access, bool gives_meaning) {
  try {
    duckdb::Parser parser(parser_options());
    parser.ParseQuery(std::string(sql));
    if (parser.statements.empty()) return Status::InvalidArgument("Query was empty");
    if (parser.statements.size() != 1) return Status::InvalidArgument("Only one statement is run at a time");
    GuardedStatement guarded;
    guarded.statement = std::move(parser.statements.front());
    if (guarded.statement->type != duckdb::StatementType::SELECT_STATEMENT) {
      return Status::InvalidArgument("Only queries run here, not {} statements",
                                     duckdb::StatementTypeToString(guarded.statement->type));
    }
    guarded.parameter_count = static_cast<uint16_t>(guarded.statement->named_param_map.size());
    QueryWalker walker(database, views, access, 0, gives_meaning);
    walker.walk(*guarded.statement->Cast<duckdb::SelectStatement>().node);
    guarded.tables = walker.take_tables();
    return guarded;
  } catch (const AccessDenied& denied) {
    return denied.status;
  } catch (const std::exception& error) {
    return status_of(duckdb::ErrorData(error), {});
  }
}

}  // namespace

Result<GuardedStatement> parse_query(std::string_view sql, const std::string& database, const EngineViews& views,
                                     const EngineAccess* access) {
  return parse(sql, database, views, access, true);
}

Result<duckdb::unique_ptr<ParsedExpression>> parse_expression(std::string_view text) {
  FRESHET_ASSIGN_OR_RETURN(GuardedStatement guarded, parse("SELECT " + std::string(text), {}, {}, nullptr, false));
  auto& query = *guarded.statement->Cast<duckdb::SelectStatement>().node;
  const auto not_alone = [] { return Status::InvalidArgument("one expression is expected, without clauses around it"); };
  if (query.type != duckdb::QueryNodeType::SELECT_NODE || !query.modifiers.empty() || !query.cte_map.map.empty()) {
    return not_alone();
  }
  auto& select = query.Cast<duckdb::SelectNode>();
  const bool has_clauses = (select.from_table && select.from_table->type != TableReferenceType::EMPTY_FROM) ||
                           select.where_clause || select.having || select.qualify || select.sample ||
                           !select.groups.group_expressions.empty();
  if (has_clauses || select.select_list.size() != 1) return not_alone();
  if (guarded.parameter_count != 0) return Status::InvalidArgument("placeholders cannot stand here");
  auto expression = std::move(select.select_list.front());
  expression->ClearAlias();
  if (expression->HasSubquery()) return Status::InvalidArgument("subqueries cannot stand here");
  return expression;
}

Status bind_parameters(GuardedStatement& statement, std::span<const Parameter> parameters) {
  if (statement.parameter_count != parameters.size()) {
    return Status::InvalidArgument("The statement has {} placeholders, but {} values were given", statement.parameter_count,
                                   parameters.size());
  }
  if (parameters.empty()) return Status::OK();
  try {
    ParameterBinder(parameters).bind(*statement.statement->Cast<duckdb::SelectStatement>().node);
    statement.statement->named_param_map.clear();
    return Status::OK();
  } catch (const std::exception& error) {
    return status_of(duckdb::ErrorData(error), {});
  }
}

}  // namespace freshet::query
