using System.Globalization;

namespace Honu.Simulation;

/// <summary>How reports look. Eight colours, told apart by eyes that see no red or green; further designs take them again with dashes.</summary>
internal static class HtmlStyle
{
    private const int Colours = 8;

    public const string Css =
        """
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #1c1e21; --faint: #6b7280; --rule: #d4d7dc;
          --c0: #6b7280; --c1: #0072b2; --c2: #d55e00; --c3: #009e73; --c4: #b0578d; --c5: #9a7400; --c6: #3a86c8; --c7: #7a4fbf; }
        @media (prefers-color-scheme: dark) { :root { --paper: #15171a; --ink: #e6e8eb; --faint: #9aa2ad; --rule: #363b43;
          --c0: #aab1bc; --c1: #5ab4f0; --c2: #ff8f4a; --c3: #3fcf9f; --c4: #e693c3; --c5: #e0bc4a; --c6: #8cc4f5; --c7: #b99af0; } }
        body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 0; } p { color: var(--faint); margin: .2rem 0 .6rem; }
        dl { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; margin: 0 0 1rem; } dl div { display: flex; gap: .4rem; } dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--rule); white-space: nowrap; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
        th { font-weight: 600; color: var(--faint); white-space: normal; vertical-align: bottom; } td small { color: var(--faint); font-size: .75em; }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; } .legend svg { margin-right: .4rem; }
        svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .faint { fill: var(--faint); }
        .grid { stroke: var(--rule); stroke-width: 1; fill: none; } .s { fill: none; stroke-width: 2; } .topologies { display: flex; flex-wrap: wrap; gap: 1rem; }
        figure { margin: 0; } figcaption { color: var(--faint); text-align: center; } .arm { fill: none; stroke: var(--c1); stroke-linecap: round; } .node { fill: var(--ink); }
        .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); } .c4 { stroke: var(--c4); } .c5 { stroke: var(--c5); } .c6 { stroke: var(--c6); } .c7 { stroke: var(--c7); }
        .f0 { fill: var(--c0); } .f1 { fill: var(--c1); } .f2 { fill: var(--c2); } .f3 { fill: var(--c3); } .f4 { fill: var(--c4); } .f5 { fill: var(--c5); } .f6 { fill: var(--c6); } .f7 { fill: var(--c7); }
        .d1 { stroke-dasharray: 7 4; } .d2 { stroke-dasharray: 2 4; } .pale { opacity: .4; }
        """;

    /// <summary>The classes of a line of the n-th design.</summary>
    public static string Series(int index) => string.Create(CultureInfo.InvariantCulture, $"s c{index % Colours} d{Math.Min(index / Colours, 2)}");

    /// <summary>The class of an area of the n-th design.</summary>
    public static string Fill(int index) => string.Create(CultureInfo.InvariantCulture, $"f{index % Colours}");
}
