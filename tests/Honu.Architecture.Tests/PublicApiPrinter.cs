using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Honu.Architecture.Tests;

/// <summary>
/// The public API of an assembly as sorted lines, members in the form of the public API analyzers (<c>Type.Member(parameters) -> result</c>), types with their kind and bases.
/// What the compiler makes for a record is left out. A type that protoc or its gRPC plugin made is one line: its .proto file is the contract.
/// </summary>
internal static class PublicApiPrinter
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new (Type Type, string Word)[]
    {
        (typeof(void), "void"), (typeof(object), "object"), (typeof(string), "string"), (typeof(bool), "bool"), (typeof(char), "char"),
        (typeof(byte), "byte"), (typeof(sbyte), "sbyte"), (typeof(short), "short"), (typeof(ushort), "ushort"), (typeof(int), "int"), (typeof(uint), "uint"),
        (typeof(long), "long"), (typeof(ulong), "ulong"), (typeof(nint), "nint"), (typeof(nuint), "nuint"),
        (typeof(float), "float"), (typeof(double), "double"), (typeof(decimal), "decimal"),
    }.ToDictionary(k => k.Type, k => k.Word);

    public static IReadOnlyList<string> Print(IEnumerable<Type> types) => types.SelectMany(Print).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();

    private static IEnumerable<string> Print(Type type)
    {
        if (IsGenerated(type)) return IsGenerated(type.DeclaringType) ? [] : [$"generated {Name(type)}"];
        var declaration = $"{Kind(type)} {Name(type)}{Bases(type)}";
        if (typeof(Delegate).IsAssignableFrom(type)) return [$"{declaration}{Parameters(type.GetMethod("Invoke")!)} -> {Result(type.GetMethod("Invoke")!)}"];
        return type.GetMembers(Declared).SelectMany(m => Print(type, m)).Prepend(declaration);
    }

    private static IEnumerable<string> Print(Type type, MemberInfo member)
    {
        if (member.IsDefined(typeof(CompilerGeneratedAttribute))) yield break;
        var name = $"{Name(type)}.{member.Name}";
        switch (member)
        {
            case ConstructorInfo { IsStatic: false } c when IsVisible(c):
                yield return $"{Access(c)}{Name(type)}.{type.Name.Split('`')[0]}{Parameters(c)} -> void";
                break;
            case MethodInfo m when IsVisible(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)):
                var arguments = m.IsGenericMethodDefinition ? $"<{string.Join(", ", m.GetGenericArguments().Select(GenericParameter))}>" : "";
                yield return $"{Access(m)}{name}{arguments}{Parameters(m)} -> {Result(m)}";
                break;
            case PropertyInfo p:
                var index = p.GetIndexParameters().Length == 0 ? name : $"{Name(type)}.this{Parameters(p.GetMethod ?? p.SetMethod!).Replace('(', '[').Replace(')', ']')}";
                var required = p.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
                if (p.GetMethod is { } get && IsVisible(get)) yield return $"{required}{Access(get)}{index}.get -> {Result(get)}";
                if (p.SetMethod is { } set && IsVisible(set))
                    yield return $"{required}{Access(set)}{index}.{(set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init" : "set")} -> void";
                break;
            case EventInfo e when IsVisible(e.AddMethod!):
                yield return $"{Access(e.AddMethod!)}{name} -> {Name(e.EventHandlerType!, new NullabilityInfoContext().Create(e))}";
                break;
            case FieldInfo f when (f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly) && !f.IsSpecialName:
                var modifier = f.IsLiteral ? (type.IsEnum ? "" : "const ") : (f.IsStatic ? "static " : "") + (f.IsInitOnly ? "readonly " : "");
                yield return $"{modifier}{name}{(f.IsLiteral ? " = " + Literal(f.GetRawConstantValue()) : "")} -> {Name(f.FieldType, new NullabilityInfoContext().Create(f))}";
                break;
        }
    }

    private static string Kind(Type t)
    {
        if (t.IsEnum) return $"enum({Name(Enum.GetUnderlyingType(t))})";
        if (t.IsInterface) return "interface";
        if (typeof(Delegate).IsAssignableFrom(t)) return "delegate";
        if (t.IsValueType) return (t.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (t.IsByRefLike ? "ref struct" : "struct");
        var record = t.GetMethod("<Clone>$", Declared) is null ? "class" : "record";
        return (t.IsAbstract, t.IsSealed) switch { (true, true) => "static class", (true, _) => "abstract " + record, (_, true) => "sealed " + record, _ => record };
    }

    private static string Bases(Type t)
    {
        if (t.IsEnum || typeof(Delegate).IsAssignableFrom(t)) return "";
        var bases = t.GetInterfaces().Where(i => i.IsVisible && t.BaseType?.GetInterfaces().Contains(i) != true).Select(i => Name(i)).Order(StringComparer.Ordinal).ToList();
        if (t.BaseType is { } b && b != typeof(object) && b != typeof(ValueType)) bases.Insert(0, Name(b));
        return bases.Count == 0 ? "" : " : " + string.Join(", ", bases);
    }

    private static bool IsVisible(MethodBase m) => m.IsPublic || ((m.IsFamily || m.IsFamilyOrAssembly) && !m.DeclaringType!.IsSealed);

    private static string Access(MethodBase m)
    {
        var access = m.IsPublic ? "" : "protected ";
        if (m.IsStatic) return access + (m.IsAbstract ? "static abstract " : "static ");
        if (!m.IsVirtual || m.IsFinal || m.DeclaringType!.IsInterface) return access;
        return access + (m.IsAbstract ? "abstract " : m is MethodInfo i && i.GetBaseDefinition() != i ? "override " : m.DeclaringType.IsSealed ? "" : "virtual ");
    }

    private static string Result(MethodInfo m) => Name(m.ReturnType, new NullabilityInfoContext().Create(m.ReturnParameter));

    private static string Parameters(MethodBase m) => $"({string.Join(", ", m.GetParameters().Select(p =>
    {
        var by = p.IsOut && p.ParameterType.IsByRef ? "out " : p.IsIn ? "in " : "";
        var type = Name(p.ParameterType, new NullabilityInfoContext().Create(p));
        var prefix = p.IsDefined(typeof(ParamArrayAttribute)) || p.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "";
        return $"{prefix}{(by.Length > 0 && type.StartsWith("ref ", StringComparison.Ordinal) ? by + type[4..] : type)} {p.Name}{(p.HasDefaultValue ? " = " + Literal(p.RawDefaultValue) : "")}";
    }))})";

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string s => $"\"{s}\"",
        bool b => b ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string GenericParameter(Type t) =>
        t.Name + (t.GetGenericParameterConstraints() is { Length: > 0 } c ? " : " + string.Join(" & ", c.Select(x => Name(x)).Order(StringComparer.Ordinal)) : "");

    private static string Name(Type t, NullabilityInfo? info = null)
    {
        if (t.IsByRef) return "ref " + Name(t.GetElementType()!, info);
        if (t.IsPointer) return Name(t.GetElementType()!) + "*";
        var suffix = !t.IsValueType && info?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (t.IsArray) return Name(t.GetElementType()!, info?.ElementType) + "[]" + suffix;
        if (t.IsGenericParameter) return t.Name; // reflection reports T and T? alike when T is unconstrained
        if (Nullable.GetUnderlyingType(t) is { } inner) return Name(inner) + "?";
        if (Keywords.TryGetValue(t, out var keyword)) return keyword + suffix;
        var scope = t.DeclaringType is { } outer ? Name(outer) : t.Namespace;
        // A nested type repeats the arguments of its outer type: its own are the last ones.
        var own = t.Name.Contains('`', StringComparison.Ordinal) ? int.Parse(t.Name.Split('`')[1], CultureInfo.InvariantCulture) : 0;
        var all = t.GetGenericArguments();
        var arguments = all.Select((a, i) => Name(a, info?.GenericTypeArguments.ElementAtOrDefault(i))).Skip(all.Length - own).ToList();
        return $"{scope}.{t.Name.Split('`')[0]}{(own > 0 ? $"<{string.Join(", ", arguments)}>" : "")}{suffix}";
    }

    private static bool IsGenerated(Type? type) => type is not null
        && (IsGenerated(type.DeclaringType)
            || type.GetMembers(Declared).Any(m =>
                m.CustomAttributes.Any(a => a.AttributeType.Name == "OriginalNameAttribute"
                    || (a.AttributeType.Name == "GeneratedCodeAttribute" && a.ConstructorArguments[0].Value is "protoc" or "grpc_csharp_plugin"))
                || m is PropertyInfo { Name: "Descriptor", PropertyType.Name: "FileDescriptor" }));
}
