using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Honu.Grpc;

/// <summary>The tracing of calls. Metrics are those of the framework's HTTP client and server; interceptors can add their own.</summary>
public static class RpcTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/>: one activity per call and side, with the <c>rpc.*</c> attributes of OpenTelemetry.</summary>
    /// <remarks>The W3C trace context crosses the wire (<c>traceparent</c>, <c>tracestate</c>) also when nobody listens to this source.</remarks>
    public const string ActivitySourceName = "Honu.Grpc";

    private static readonly ActivitySource Source = new(ActivitySourceName);

    internal static Activity? StartClient(IMethod method, Uri address)
    {
        var activity = Source.HasListeners() ? Source.CreateActivity(method.FullName[1..], ActivityKind.Client) : null;
        activity?.SetTag("server.address", address.Host).SetTag("server.port", address.Port);
        return Start(activity, method);
    }

    /// <summary>Puts the context of the current activity into the head of a request, whoever started it; headers of the caller's own go before.</summary>
    internal static void Inject(HttpRequestHeaders headers)
    {
        if (Activity.Current is { } activity && !headers.NonValidated.Contains("traceparent"))
            DistributedContextPropagator.Current.Inject(activity, headers, static (headers, name, value) => ((HttpRequestHeaders)headers!).TryAddWithoutValidation(name, value));
    }

    internal static Activity? StartServer(IMethod method, HttpRequest request)
    {
        if (!Source.HasListeners())
            return null;

        // The web host's activity is the parent if somebody exports it, else the caller's.
        var parent = default(ActivityContext);
        if (Activity.Current?.Source.HasListeners() != true &&
            !ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true, out parent))
        {
            parent = default;
        }

        return Start(Source.CreateActivity(method.FullName[1..], ActivityKind.Server, parent), method);
    }

    internal static void Stop(Activity? activity, Status status)
    {
        if (activity is null)
            return;

        activity.SetTag("rpc.grpc.status_code", (int)status.StatusCode);
        var failed = activity.Kind == ActivityKind.Client ? status.StatusCode != StatusCode.OK : status.StatusCode is StatusCode.Unknown
            or StatusCode.DeadlineExceeded or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;
        if (failed)
            activity.SetTag("error.type", ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture)).SetStatus(ActivityStatusCode.Error, status.Detail);

        // A call may end anywhere, also below activities that its caller started since.
        var current = Activity.Current;
        try
        {
            activity.Dispose();
        }
        catch (Exception)
        {
            // A listener failed. This may run in a timer, where its exception would end the process.
        }

        if (current != activity)
            Activity.Current = current;
    }

    private static Activity? Start(Activity? activity, IMethod method) =>
        activity?.SetTag("rpc.system", "grpc").SetTag("rpc.service", method.ServiceName).SetTag("rpc.method", method.Name).Start();
}
